use std::path::Path;

use super::check::check;
use super::{Scenario, ScenarioDirectory, update};
use crate::{Binary, Observed, TestRepository, bring_in, skip};

impl ScenarioDirectory {
    /// Runs the scenario. `Err` holds everything that was not as expected, for people.
    ///
    /// With `TRUNKLINE_UPDATE=1` results of jobs, steps and the exit code are written into `expect.toml` instead of compared.
    pub fn perform(&self, binary: &Binary) -> Result<(), String> {
        let mut scenario = self.read()?;
        if let Some(missing) = scenario.requires.iter().find(|program| !on_path(program)) {
            skip(&format!("scenario {}", self.name), &format!("`{missing}` is not on PATH"));
            return Ok(());
        }
        if scenario.sandbox_only && std::env::var("TRUNKLINE_SCENARIOS_ON").is_ok_and(|place| place == "host") {
            skip(&format!("scenario {}", self.name), "it needs a sandbox, and jobs run on the host");
            return Ok(());
        }
        let repository = TestRepository::from_directory(&self.path.join("repo")).map_err(|error| error.to_string())?;
        for image in &scenario.images {
            let missing = bring_in(binary, &repository, image).map_err(|error| error.to_string())?;
            if let Some(missing) = missing {
                skip(&format!("scenario {}", self.name), &missing);
                return Ok(());
            }
        }
        if let Some(setup) = &scenario.setup {
            repository.script_with(setup, &binary.variables(&repository)).map_err(|error| format!("setup: {error}"))?;
        }
        let updating = std::env::var_os("TRUNKLINE_UPDATE").is_some();
        let mut problems = Vec::new();
        for index in 0..scenario.run.len() {
            problems.extend(step(&mut scenario, index, &repository, binary, updating)?);
        }
        if updating {
            update::write(&scenario, &self.path.join("expect.toml"))?;
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }
}

fn step(
    scenario: &mut Scenario,
    index: usize,
    repository: &TestRepository,
    binary: &Binary,
    updating: bool,
) -> Result<Vec<String>, String> {
    let expected = &mut scenario.run[index];
    if let Some(before) = &expected.before {
        repository.script_with(before, &binary.variables(repository)).map_err(|error| format!("before: {error}"))?;
    }
    let mut arguments: Vec<String> = expected.command.split_whitespace().map(str::to_owned).collect();
    let runs = matches!(arguments.first().map(String::as_str), Some("run" | "rerun"));
    let has_events = runs && !expected.args.iter().any(|argument| argument == "--list");
    if has_events {
        arguments.push("--json".to_owned());
    }
    if let (true, Ok(place)) = (runs, std::env::var("TRUNKLINE_SCENARIOS_ON")) {
        arguments.extend(["-P".to_owned(), format!("ubuntu-latest={place}")]);
    }
    arguments.extend(expected.args.iter().cloned());
    let environment: Vec<(String, String)> =
        expected.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let finished = binary
        .run(repository, &arguments, &environment, expected.stdin.as_deref())
        .map_err(|error| format!("the program could not be run: {error}"))?;
    let observed = if has_events { Observed::read(&finished.stdout) } else { Observed::default() };
    if updating {
        update::take_over(expected, &finished, &observed);
        return Ok(Vec::new());
    }
    let problems = check(expected, &finished, &observed, &repository.path());
    if problems.is_empty() {
        return Ok(problems);
    }
    let mut told = vec![format!("trunkline {}", arguments.join(" "))];
    told.extend(problems.into_iter().map(|problem| format!("  - {problem}")));
    told.push(transcript(&finished.stderr, &observed));
    Ok(told)
}

/// What the program said, for whoever has to find out why.
fn transcript(stderr: &str, observed: &Observed) -> String {
    let mut text = String::from("  what happened:\n");
    for workflow in &observed.workflows {
        text.push_str(&format!("    workflow {}: runs {}, {}\n", workflow.path, workflow.runs, workflow.reason.reason));
    }
    for job in &observed.jobs {
        let reason = job.reason.as_ref().map_or("", |reason| &reason.reason);
        text.push_str(&format!(
            "    job {} ({}): {:?} {reason} outputs {:?}\n",
            job.name, job.key, job.conclusion, job.outputs
        ));
        for step in &job.steps {
            let reason = step.reason.as_ref().map_or("", |reason| &reason.reason);
            text.push_str(&format!(
                "      step {} `{}` {:?}: {:?} -> {:?} {reason}\n",
                step.id, step.name, step.stage, step.outcome, step.conclusion
            ));
        }
        for line in job.log.iter().take(80) {
            text.push_str(&format!("      | {line}\n"));
        }
    }
    for line in stderr.lines().take(60) {
        text.push_str(&format!("    stderr: {line}\n"));
    }
    text
}

fn on_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|directory| Path::new(&directory).join(program).is_file())
}
