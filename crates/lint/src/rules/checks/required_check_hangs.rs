use span::Severity;
use span::Span;
use std::collections::BTreeSet;
use trigger::{PatternList, Subject};
use workflow::EventTrigger;

use super::produced::{Produced, produced, protections};
use crate::finding::Confidence;
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};

pub(super) static RULE: Rule = Rule {
    id: "checks/required-check-hangs",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "a required check is not reported when a filter leaves its workflow out",
    page: page!("checks/required-check-hangs"),
    checks: &[Check::Project(check)],
};

fn check(project: &Project, report: &mut Report<'_>) {
    let produced = produced(project);
    for protection in protections(project) {
        for required in &protection.required_checks {
            let reporters: Vec<&Produced<'_>> = produced.iter().filter(|check| check.name == Some(required)).collect();
            // Two workflows that share the name and part the paths between them are the known way out.
            let files: BTreeSet<&str> = reporters.iter().map(|check| &*check.document.path).collect();
            let [first, ..] = &reporters[..] else { continue };
            if files.len() > 1 {
                continue;
            }
            one(first, required, &protection.branch, report);
        }
    }
}

fn one(reporter: &Produced<'_>, required: &str, branch: &str, report: &mut Report<'_>) {
    let on = &reporter.workflow.on;
    let Some(event) = on.event("pull_request").or_else(|| on.event("pull_request_target")) else {
        return;
    };
    // A push to a branch of the repository itself reports the check for the same commit.
    let pushed = on.event("push").filter(|push| is_unfiltered(push));
    let mut tell = |span: Span, why: String| {
        let finding = report.at(span, format!("the required check `{required}` stays pending {why}"));
        if let Some(push) = pushed {
            finding.message.push_str(", if it comes from a fork");
            finding.confidence(Confidence::Medium).related(push.name.span, "this reports it for other branches");
        }
        finding.related(reporter.job.id.span, "this job reports it").help(
            "run the workflow always, and leave work out with `if:` in its jobs: a job that is skipped reports success",
        );
    };
    for (filter, what) in [
        (&event.paths, "when a pull request changes none of these paths"),
        (&event.paths_ignore, "when a pull request changes nothing but these paths"),
    ] {
        if let Some(filter) = filter {
            tell(filter.key_span, what.to_owned());
        }
    }
    let branch_name = branch.trim_start_matches("refs/heads/");
    let plain = !branch_name.contains(['*', '?', '[', '+']);
    for (filter, includes) in [(&event.branches, true), (&event.branches_ignore, false)] {
        let Some(filter) = filter else { continue };
        let Ok(list) = PatternList::compile(filter, Subject::Ref) else { continue };
        if plain && list.decide(branch_name).selected != includes {
            tell(filter.key_span, format!("for `{branch_name}`, which this filter leaves out"));
        }
    }
    if let Some(types) = &event.types {
        let has = |name: &str| types.patterns.iter().any(|pattern| &*pattern.value == name);
        // Reopening changes no commit: what was reported for it stays.
        for missing in ["opened", "synchronize"] {
            if !has(missing) {
                tell(
                    types.key_span,
                    format!("when a pull request is {}", if missing == "synchronize" { "pushed to" } else { missing }),
                );
                break;
            }
        }
    }
}

/// Whether every push to a branch starts it.
fn is_unfiltered(event: &EventTrigger) -> bool {
    let filters =
        [&event.branches, &event.branches_ignore, &event.tags, &event.tags_ignore, &event.paths, &event.paths_ignore];
    filters.into_iter().all(Option::is_none)
}
