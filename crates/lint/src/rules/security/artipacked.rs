use span::Severity;
use span::Span;
use workflow::{JobKind, Runs, Step, StepKind};

use crate::document::Document;
use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::{self, Shell};
use crate::subject::{ActionSubject, JobSubject, Owner};
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
        let owner = Owner::Job { workflow: subject.workflow, job: subject.job };
        check(subject.document, owner, &steps::flat(&job.steps), report);
    }
}

fn of_action(subject: &ActionSubject<'_>, report: &mut Report<'_>) {
    if let Runs::Composite(runs) = &subject.action.runs {
        let owner = Owner::Action { action: subject.action };
        check(subject.document, owner, &steps::flat(&runs.steps), report);
    }
}

fn check(document: &Document, owner: Owner<'_>, steps: &[&Step], report: &mut Report<'_>) {
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
        let harmless = later.iter().all(|step| is_harmless(step, owner));
        let fix = if harmless { Fix::safe(title) } else { Fix::unsafe_(title) };
        finding.fixes.extend(tree::set_input(document, fix, step.span, "persist-credentials", "false"));
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

/// Actions that do not speak to the repository with what checkout left: they have a token of their own, or need none.
const HARMLESS_ACTIONS: &[&str] = &[
    "actions/cache",
    "actions/download-artifact",
    "actions/setup-",
    "actions/upload-artifact",
    "docker/",
    "dtolnay/rust-toolchain",
    "github/codeql-action",
    "Swatinem/rust-cache",
];

/// Commands that ask no server for anything.
const HARMLESS_COMMANDS: &[&str] = &[
    "[",
    "[[",
    "awk",
    "basename",
    "cat",
    "cd",
    "chmod",
    "cmp",
    "cp",
    "cut",
    "date",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "exit",
    "export",
    "false",
    "file",
    "find",
    "free",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "id",
    "jq",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mktemp",
    "mv",
    "nproc",
    "printenv",
    "printf",
    "pwd",
    "rm",
    "sed",
    "set",
    "sha256sum",
    "shasum",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tar",
    "tee",
    "test",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "unset",
    "unzip",
    "wc",
    "which",
    "zip",
];

/// Whether it is sure that a step does not need the token that checkout left. Most programs may: `make release` pushes,
/// `npm ci` fetches from private repositories.
fn is_harmless(step: &Step, owner: Owner<'_>) -> bool {
    match &step.kind {
        StepKind::Run { .. } => steps::run(step, owner).is_some_and(|run| {
            let commands = run.commands().filter(|_| run.shell == Shell::Posix);
            commands.is_some_and(|script| {
                let simple = script.commands.iter().filter(|command| !command.words.is_empty());
                simple
                    .into_iter()
                    .all(|command| command.inner_text().first().is_some_and(|name| HARMLESS_COMMANDS.contains(name)))
            })
        }),
        StepKind::Uses { uses, .. } => HARMLESS_ACTIONS.iter().any(|name| uses.value.starts_with(name)),
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => true,
        StepKind::Parallel { .. } => false,
    }
}
