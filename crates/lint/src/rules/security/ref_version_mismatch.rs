use span::Severity;
use span::Span;
use std::collections::BTreeMap;
use workflow::JobKind;

use crate::finding::Confidence;
use crate::knowledge::uses::Version;
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{self, ActionStep};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/ref-version-mismatch",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &["zizmor:ref-version-mismatch"],
    summary: "the comment of a pinned action does not name the version that the hash is",
    page: page!("security/ref-version-mismatch"),
    checks: &[Check::Step(of_step), Check::Project(of_project)],
};

/// A hash without a comment, or with one that names no version.
fn of_step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(action) = ActionStep::of(subject).filter(|action| action.uses.is_hash()) else { return };
    let comment = subject.document.comment_after(action.span);
    let told = match comment {
        None => "nothing says which version this hash is",
        Some(comment) if version(&comment.text).is_none() => "the comment does not say which version this hash is",
        Some(_) => return,
    };
    report
        .at(action.span, told)
        .severity(Severity::Info)
        .confidence(Confidence::High)
        .profile(Profile::Pedantic)
        .help("write the version after it, `# v1.2.3`: people and Dependabot read it");
}

/// The same version of an action with two hashes: one of them is wrong, or the version was moved.
fn of_project(project: &Project, report: &mut Report<'_>) {
    let mut seen: BTreeMap<(String, String), (String, Span)> = BTreeMap::new();
    for (document, workflow) in project.workflows().filter(|(document, _)| document.linted) {
        let jobs = workflow.jobs.iter().filter_map(|job| match &job.kind {
            JobKind::Steps(job) => Some(&job.steps),
            JobKind::Call(_) => None,
        });
        for step in jobs.flat_map(|steps| steps::flat(steps)) {
            let Some(action) = steps::action(step).filter(|action| action.uses.is_hash()) else { continue };
            let Some(version) = document.comment_after(action.span).and_then(|comment| version(&comment.text)) else {
                continue;
            };
            // A major version moves with each release.
            if version.matches('.').count() < 2 {
                continue;
            }
            let key = (action.uses.repository().to_ascii_lowercase(), version.clone());
            let hash = action.uses.git_ref.to_ascii_lowercase();
            match seen.get(&key) {
                Some((other, place)) if *other != hash => {
                    report
                        .at(action.span, format!("this is said to be {version}, and so is another hash elsewhere"))
                        .related(*place, format!("{version} is {other} here"))
                        .help("look up which of the two the tag means, and change the other");
                }
                Some(_) => {}
                None => {
                    seen.insert(key, (hash, action.span));
                }
            }
        }
    }
}

/// The first word of a comment that is a version.
fn version(comment: &str) -> Option<String> {
    let words = comment.trim_start_matches('#').split([' ', '=', ',', ';', '(', ')']);
    words
        .map(|word| word.rsplit(['@', '/']).next().unwrap_or(word))
        .find(|word| Version::parse(word).is_some() && (word.contains('.') || word.starts_with(['v', 'V'])))
        .map(str::to_owned)
}
