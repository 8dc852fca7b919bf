use span::Severity;
use std::sync::Arc;
use workflow::{JobKind, Spanned, StepKind};

use crate::finding::Confidence;
use crate::knowledge::uses::Uses;
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/unpinned-uses",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:unpinned-uses"],
    summary: "an action can change under the workflow: it is not pinned to a commit",
    page: page!("security/unpinned-uses"),
    checks: &[Check::Step(of_step), Check::Job(of_job)],
};

/// How firmly an action has to be pinned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    Any,
    /// A tag or a branch will do.
    Ref,
    Hash,
}

/// Owners that can do to a repository whatever they like anyway: GitHub itself.
const OWN: &[&str] = &["actions/*", "github/*", "dependabot/*"];

fn of_step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    if let StepKind::Uses { uses, .. } = &subject.step.kind {
        check(subject.project, uses, report);
    }
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if let JobKind::Call(call) = &subject.job.kind {
        check(subject.project, &call.uses, report);
    }
}

fn check(project: &Project, uses: &Spanned<Arc<str>>, report: &mut Report<'_>) {
    let Some(known) = Uses::parse(&uses.value) else { return };
    if known.is_hash() {
        return;
    }
    let (policy, pattern) = policy(project, &known);
    let own = pattern.is_none() && OWN.iter().any(|owner| known.matches(owner));
    let own_owner = project.facts.repository.as_deref().and_then(|repository| repository.split('/').next());
    let ours = pattern.is_none() && own_owner.is_some_and(|owner| owner.eq_ignore_ascii_case(known.owner));
    let branch = is_branch(known.git_ref);
    let kind = if known.version().is_some() { "the tag" } else { "the name" };
    let finding = match policy {
        Policy::Any => return,
        Policy::Ref if !branch => return,
        Policy::Ref => report.at(uses.span, format!("`{}` follows the branch `{}`", known.name(), known.git_ref)),
        Policy::Hash if branch => report.at(
            uses.span,
            format!("`{}` follows the branch `{}`: any push to it runs here", known.name(), known.git_ref),
        ),
        Policy::Hash => report
            .at(uses.span, format!("`{}` is pinned to {kind} `{}`, which can be moved", known.name(), known.git_ref)),
    };
    if own && !branch {
        finding.profile(Profile::Pedantic);
    } else if ours {
        // Whoever can change the one repository can mostly change the other.
        finding.confidence(Confidence::Medium);
    }
    match pattern {
        Some(pattern) => finding.help(format!("the policy for `{pattern}` asks for it")),
        None => finding.help("write the full commit hash, with the version in a comment: `@0123…cdef # v1.2.3`"),
    };
}

/// The policy of the pattern that says most about the action; the first where several say as much.
fn policy(project: &Project, uses: &Uses<'_>) -> (Policy, Option<String>) {
    let table = project.facts.options(RULE.id).and_then(|options| options.get("policies")?.as_table());
    let fitting = table.into_iter().flatten().filter(|(pattern, _)| uses.matches(pattern));
    // A name says more than a pattern that ends with `*`.
    let narrowest = fitting.max_by_key(|(pattern, _)| (!pattern.ends_with('*'), pattern.len()));
    match narrowest {
        Some((pattern, value)) => {
            let policy = match value.as_str() {
                Some("any") => Policy::Any,
                Some("ref" | "ref-pin") => Policy::Ref,
                _ => Policy::Hash,
            };
            (policy, Some(pattern.clone()))
        }
        None => (Policy::Hash, None),
    }
}

/// Names that are branches wherever they are used.
fn is_branch(git_ref: &str) -> bool {
    matches!(
        git_ref,
        "main" | "master" | "develop" | "dev" | "trunk" | "HEAD" | "nightly" | "stable" | "beta" | "latest"
    ) || git_ref.starts_with("refs/heads/")
}
