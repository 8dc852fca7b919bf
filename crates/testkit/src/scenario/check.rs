use std::path::Path;

use api::AnnotationLevel;

use super::expectation::{ExpectedJob, ExpectedRun};
use crate::{Finished, Observed, ObservedJob};

/// Everything in which a call of the program differs from what was expected, a sentence each.
#[must_use]
pub fn check(expected: &ExpectedRun, finished: &Finished, observed: &Observed, work_tree: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    if finished.hung {
        problems.push("it did not end and was killed".to_owned());
    }
    if finished.code != Some(expected.exit) {
        problems.push(format!("exit code {:?}, expected {}", finished.code, expected.exit));
    }
    for line in &observed.foreign {
        problems.push(format!("this line of the stream is no event: {line}"));
    }
    in_order("the log", &expected.log, observed.log.iter().map(String::as_str), &mut problems);
    for text in &expected.lacks {
        if finished.stdout.contains(text.as_str()) || finished.stderr.contains(text.as_str()) {
            problems.push(format!("`{text}` occurs in what was printed"));
        }
    }
    contains_all("stdout", &expected.stdout, &[&finished.stdout], &mut problems);
    contains_all("stderr", &expected.stderr, &[&finished.stderr], &mut problems);
    contains_all("the summaries", &expected.summary, &observed.summaries, &mut problems);
    contains_all("the notices", &expected.notices, &observed.notices, &mut problems);
    contains_all("the run names", &expected.run_names, &observed.run_names, &mut problems);
    annotations(expected, observed, &mut problems);
    workflows(expected, observed, &mut problems);
    jobs(expected, observed, &mut problems);
    files(expected, work_tree, &mut problems);
    problems
}

fn contains_all(what: &str, texts: &[String], places: &[impl AsRef<str>], problems: &mut Vec<String>) {
    for text in texts {
        if !places.iter().any(|place| place.as_ref().contains(text.as_str())) {
            problems.push(format!("`{text}` is not in {what}"));
        }
    }
}

fn in_order<'a>(what: &str, texts: &[String], mut lines: impl Iterator<Item = &'a str>, problems: &mut Vec<String>) {
    for text in texts {
        if !lines.any(|line| line.contains(text.as_str())) {
            problems.push(format!("`{text}` is not in {what}, or not after what comes before it"));
            return;
        }
    }
}

fn annotations(expected: &ExpectedRun, observed: &Observed, problems: &mut Vec<String>) {
    for wanted in &expected.annotations {
        let (level, message) = wanted.split_once(": ").unwrap_or(("error", wanted));
        let found = observed.annotations.iter().any(|annotation| {
            let word = match annotation.level {
                AnnotationLevel::Notice => "notice",
                AnnotationLevel::Warning => "warning",
                AnnotationLevel::Error => "error",
            };
            let place = format!(
                "{}:{}: {}",
                annotation.file.as_deref().unwrap_or(""),
                annotation.line.map_or_else(String::new, |line| line.to_string()),
                annotation.message
            );
            word == level && (annotation.message.contains(message) || place.contains(message))
        });
        if !found {
            problems.push(format!("no annotation `{wanted}`; there are {:?}", observed.annotations));
        }
    }
}

fn workflows(expected: &ExpectedRun, observed: &Observed, problems: &mut Vec<String>) {
    for (name, wanted) in &expected.workflows {
        let Some(found) = observed.workflows.iter().find(|found| found.path.ends_with(name.as_str())) else {
            problems.push(format!("workflow {name} was not considered"));
            continue;
        };
        if found.runs != wanted.runs {
            problems.push(format!("workflow {name}: runs is {}: {}", found.runs, found.reason.reason));
        }
        if wanted.gate.as_ref().is_some_and(|gate| *gate != found.reason.code) {
            problems.push(format!("workflow {name}: decided by {}: {}", found.reason.code, found.reason.reason));
        }
        if let Some(reason) = &wanted.reason
            && !found.reason.reason.contains(reason.as_str())
        {
            problems.push(format!("workflow {name}: `{reason}` is not in its reason: {}", found.reason.reason));
        }
    }
}

fn jobs(expected: &ExpectedRun, observed: &Observed, problems: &mut Vec<String>) {
    for (name, wanted) in &expected.jobs {
        let found = observed.jobs_named(name);
        if found.is_empty() {
            let known: Vec<&str> = observed.jobs.iter().map(|job| job.name.as_str()).collect();
            problems.push(format!("there is no job `{name}`, only {known:?}"));
        }
        if wanted.legs.is_some_and(|legs| legs != found.len()) {
            problems.push(format!("job `{name}` has {} legs, expected {:?}", found.len(), wanted.legs));
        }
        for job in found {
            one_job(name, wanted, job, problems);
        }
    }
    if expected.more_jobs || expected.jobs.is_empty() {
        return;
    }
    let listed = |job: &ObservedJob| expected.jobs.keys().any(|name| *name == job.name || *name == job.key);
    for job in observed.jobs.iter().filter(|job| !listed(job)) {
        problems.push(format!("there is a job `{}` ({}) that is not expected", job.name, job.key));
    }
}

fn one_job(name: &str, wanted: &ExpectedJob, job: &ObservedJob, problems: &mut Vec<String>) {
    let result = job.conclusion.map_or("none", api::Conclusion::as_str);
    let wanted_result = wanted.result.as_deref().unwrap_or("success");
    if result != wanted_result {
        problems.push(format!("job `{name}` ended in {result}, expected {wanted_result}"));
    }
    if let Some(reason) = &wanted.reason {
        let found = job.reason.as_ref().map_or("", |reason| &reason.reason);
        if !found.contains(reason.as_str()) {
            problems.push(format!("job `{name}`: `{reason}` is not in its reason `{found}`"));
        }
    }
    if let Some(outputs) = &wanted.outputs {
        let same = outputs.len() == job.outputs.len()
            && outputs.iter().all(|(key, value)| job.outputs.get(key) == Some(value));
        if !same {
            problems.push(format!("job `{name}` has outputs {:?}, expected {outputs:?}", job.outputs));
        }
    }
    if wanted.environment_url.is_some() && wanted.environment_url != job.environment_url {
        problems.push(format!("job `{name}` has the environment url {:?}", job.environment_url));
    }
    in_order(&format!("the log of `{name}`"), &wanted.log, job.log.iter().map(String::as_str), problems);
    for text in &wanted.lacks {
        if let Some(line) = job.log.iter().find(|line| line.contains(text.as_str())) {
            problems.push(format!("the log of `{name}` has `{text}`: {line}"));
        }
    }
    steps(name, wanted, job, problems);
}

fn steps(name: &str, wanted: &ExpectedJob, job: &ObservedJob, problems: &mut Vec<String>) {
    for (key, result) in &wanted.steps {
        let Some(step) = job.step(key) else {
            if result != "absent" {
                let known: Vec<String> = job.steps.iter().map(|step| format!("{}: {}", step.id, step.name)).collect();
                problems.push(format!("job `{name}` has no step `{key}`, only {known:?}"));
            }
            continue;
        };
        let word = |value: Option<api::Conclusion>| value.map_or("none", api::Conclusion::as_str);
        let (outcome, conclusion) = result.split_once(" -> ").unwrap_or((result, result));
        if (word(step.outcome), word(step.conclusion)) != (outcome, conclusion) {
            let found = format!("{} -> {}", word(step.outcome), word(step.conclusion));
            problems.push(format!("step `{key}` of `{name}` ended in {found}, expected {result}"));
        }
    }
    for (key, value) in &wanted.step_outputs {
        let found =
            key.rsplit_once('.').and_then(|(step, output)| job.step(step).and_then(|step| step.outputs.get(output)));
        if found != Some(value) {
            problems.push(format!("output `{key}` of `{name}` is {found:?}, expected `{value}`"));
        }
    }
}

fn files(expected: &ExpectedRun, work_tree: &Path, problems: &mut Vec<String>) {
    for (path, content) in &expected.files {
        match std::fs::read(work_tree.join(path)) {
            Ok(_) if content.is_empty() => problems.push(format!("the file {path} is there")),
            Ok(bytes) if String::from_utf8_lossy(&bytes).contains(content.as_str()) => {}
            Ok(bytes) => problems.push(format!("`{content}` is not in {path}: {}", String::from_utf8_lossy(&bytes))),
            Err(_) if content.is_empty() => {}
            Err(error) => problems.push(format!("{path}: {error}")),
        }
    }
}
