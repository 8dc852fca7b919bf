//! What GitHub's documentation leaves open and would matter here, and what is easily overlooked.

use serde_json::Value;
use trigger::{ChangedFiles, Event, Gate, Pattern, Runs, Settings, Verdict};
use workflow::{Filter, Workflow};

/// Words that ask for no run.
const SKIP: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

/// Sentences; those about undocumented points begin with `undetermined`.
#[must_use]
pub fn notes(workflow: &Workflow, verdict: &Verdict, event: &Event, settings: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(earlier_skip(event));
    let Some(trigger) = workflow.on.event(&event.name) else { return notes };
    let filter = |gate: Gate| match gate {
        Gate::Paths => [&trigger.paths, &trigger.paths_ignore].into_iter().flatten().collect::<Vec<_>>(),
        Gate::Ref => [&trigger.branches, &trigger.branches_ignore, &trigger.tags, &trigger.tags_ignore]
            .into_iter()
            .flatten()
            .collect(),
        _ => Vec::new(),
    };
    let ignoring = [&trigger.paths_ignore, &trigger.branches_ignore, &trigger.tags_ignore];
    let negated_in_ignore = ignoring
        .into_iter()
        .flatten()
        .any(|filter| filter.patterns.iter().any(|pattern| pattern.value.starts_with('!')));
    if negated_in_ignore && matches!(verdict.gate, Gate::Ref | Gate::Paths) {
        notes.push(
            "undetermined: GitHub does not document `!` in an `-ignore` list; here the last match wins, as in other lists"
                .to_owned(),
        );
    }
    if verdict.runs == Runs::No {
        notes.extend(filter(verdict.gate).into_iter().find_map(|filter| other_case(filter, verdict)));
    }
    notes.extend(renamed(verdict, event));
    notes.extend(beyond_300(verdict, event, settings));
    notes
}

/// A commit of the push that is not its head asks to skip.
fn earlier_skip(event: &Event) -> Option<String> {
    if event.name != "push" {
        return None;
    }
    let commits = event.payload.get("commits")?.as_array()?;
    let earlier = commits.split_last()?.1;
    let words = earlier
        .iter()
        .filter_map(|commit| commit.get("message").and_then(Value::as_str))
        .find_map(|message| SKIP.into_iter().find(|words| message.contains(words)))?;
    Some(format!(
        "undetermined: an earlier commit of this push says `{words}`; GitHub does not document which commit's message \
         counts, here it is the last one's"
    ))
}

/// The subject would match if case did not matter.
fn other_case(filter: &Filter, verdict: &Verdict) -> Option<String> {
    let step = verdict.evidence.iter().find(|step| !step.matched)?;
    let kind = if verdict.gate == Gate::Paths { trigger::Subject::Path } else { trigger::Subject::Ref };
    let subject = step.subject.to_lowercase();
    let pattern = filter.patterns.iter().find(|pattern| {
        !pattern.value.starts_with('!')
            && Pattern::parse(&pattern.value.to_lowercase(), kind).is_ok_and(|pattern| pattern.matches(&subject))
            && !Pattern::parse(&pattern.value, kind).is_ok_and(|pattern| pattern.matches(&step.subject))
    })?;
    Some(format!(
        "undetermined: `{}` would match `{}` if case did not matter; GitHub does not document it, here it matters",
        step.subject, pattern.value
    ))
}

/// Only the path before a rename made it run.
fn renamed(verdict: &Verdict, event: &Event) -> Option<String> {
    let ChangedFiles::Known(files) = &event.changed else { return None };
    if verdict.gate != Gate::Paths || verdict.runs != Runs::Yes {
        return None;
    }
    let deciding = verdict.evidence.first()?;
    let file = files.iter().find(|file| file.previous.as_deref() == Some(deciding.subject.as_str()))?;
    Some(format!(
        "undetermined: `{}` was renamed to `{}`; GitHub does not document which path counts, here both do",
        deciding.subject, file.path
    ))
}

fn beyond_300(verdict: &Verdict, event: &Event, settings: &Settings) -> Option<String> {
    let ChangedFiles::Known(files) = &event.changed else { return None };
    (settings.github_compat_300 && verdict.gate == Gate::Paths && files.len() > 300).then(|| {
        format!(
            "undetermined: GitHub looks at 300 of the {} changed files and does not document in which order; here they are \
             sorted by path",
            files.len()
        )
    })
}
