use span::Severity;
use span::Span;
use workflow::{JobKind, Runs, Step, StepKind};

use crate::document::Document;
use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps;
use crate::subject::{ActionSubject, JobSubject};
use crate::tree;

pub(super) static RULE: Rule = Rule {
    id: "security/artipacked",
    severity: Severity::Warning,
    confidence: Confidence::Low,
    profile: Profile::Default,
    aliases: &["zizmor:artipacked"],
    summary: "checkout leaves the token in the workspace, where later steps can take or upload it",
    page: page!("security/artipacked"),
    checks: &[Check::Job(of_job), Check::Action(of_action)],
};

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if let JobKind::Steps(job) = &subject.job.kind {
        check(subject.document, &steps::flat(&job.steps), report);
    }
}

fn of_action(subject: &ActionSubject<'_>, report: &mut Report<'_>) {
    if let Runs::Composite(runs) = &subject.action.runs {
        check(subject.document, &steps::flat(&runs.steps), report);
    }
}

fn check(document: &Document, steps: &[&Step], report: &mut Report<'_>) {
    for (index, step) in steps.iter().enumerate() {
        let Some(checkout) = steps::action(step).filter(|action| action.uses.is("actions/checkout")) else { continue };
        let profile = match checkout.text("persist-credentials").as_deref() {
            Some("false") => continue,
            Some("true") => Profile::Pedantic,
            Some(text) if text.contains("${{") => Profile::Pedantic,
            _ => Profile::Default,
        };
        let later = &steps[index + 1..];
        let upload = later.iter().find_map(|step| whole_workspace(step));
        // Since 6 the token lies outside of the workspace.
        let outside = checkout.uses.version().is_some_and(|version| version.major >= 6);
        let finding = report.at(checkout.span, "the token stays in the git configuration of the workspace");
        finding.profile(profile).label("no `persist-credentials: false`");
        if let Some(upload) = upload {
            finding
                .confidence(if outside { Confidence::Medium } else { Confidence::High })
                .related(upload, "uploads the workspace, with the token in it");
            if !outside {
                finding.severity(Severity::Error);
            }
        } else if outside {
            finding.severity(Severity::Info);
        }
        finding.help("set `persist-credentials: false`, unless later steps push or fetch");
        let title = "set `persist-credentials: false`";
        let fix = if later.iter().any(|step| speaks_git(step)) { Fix::unsafe_(title) } else { Fix::safe(title) };
        let fixed = match checkout.input("persist-credentials") {
            Some(value) => Some(fix.replace(value.span, "false")),
            None => tree::set_input(document, fix, step.span, "persist-credentials", "false"),
        };
        finding.fixes.extend(fixed);
    }
}

/// The place of an upload of the workspace as a whole.
fn whole_workspace(step: &Step) -> Option<Span> {
    let action = steps::action(step).filter(|action| action.uses.is("actions/upload-artifact"))?;
    let paths = action.text("path")?;
    let whole = paths
        .lines()
        .map(str::trim)
        .any(|path| matches!(path, "." | "./" | ".." | "../" | "*" | "**" | "./*" | "./**") || is_workspace(path));
    whole.then(|| action.place("path"))
}

fn is_workspace(path: &str) -> bool {
    let inside = path.strip_prefix("${{").and_then(|rest| rest.trim_end_matches(['/', '*']).strip_suffix("}}"));
    inside.is_some_and(|inside| inside.trim().eq_ignore_ascii_case("github.workspace"))
}

/// Whether a step may need the token that checkout left.
fn speaks_git(step: &Step) -> bool {
    match &step.kind {
        StepKind::Run { script, .. } => {
            let text = script.source_text().unwrap_or_default();
            ["git push", "git fetch", "git pull", "git clone", "git submodule", "git ls-remote", "git remote", "git lfs", "git tag", "gh pr checkout"]
                .iter()
                .any(|command| text.contains(command))
                // Scripts of the repository may do anything.
                || text.contains("./")
        }
        StepKind::Uses { uses, .. } => {
            let known = [
                "actions/setup-",
                "actions/cache",
                "actions/upload-artifact",
                "actions/download-artifact",
                "docker/",
                "github/codeql-action",
                "Swatinem/rust-cache",
                "dtolnay/rust-toolchain",
            ];
            !known.iter().any(|name| uses.value.starts_with(name))
        }
        _ => false,
    }
}
