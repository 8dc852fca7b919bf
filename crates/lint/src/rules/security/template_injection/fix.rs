//! A variable of the environment in the place of an expression.

use expr::{Expr, Part, Term};
use span::Span;
use yaml::Node;

use crate::fix::Fix;
use crate::shell::{Part as Word, Quote, Script};
use crate::steps::{RunStep, Shell};
use crate::subject::StepSubject;
use crate::tree;

/// Contexts whose variable every step has already.
const OWN: &[(&str, &str)] = &[
    ("github.actor", "GITHUB_ACTOR"),
    ("github.base_ref", "GITHUB_BASE_REF"),
    ("github.event_name", "GITHUB_EVENT_NAME"),
    ("github.head_ref", "GITHUB_HEAD_REF"),
    ("github.job", "GITHUB_JOB"),
    ("github.ref", "GITHUB_REF"),
    ("github.ref_name", "GITHUB_REF_NAME"),
    ("github.repository", "GITHUB_REPOSITORY"),
    ("github.repository_owner", "GITHUB_REPOSITORY_OWNER"),
    ("github.run_attempt", "GITHUB_RUN_ATTEMPT"),
    ("github.run_id", "GITHUB_RUN_ID"),
    ("github.run_number", "GITHUB_RUN_NUMBER"),
    ("github.server_url", "GITHUB_SERVER_URL"),
    ("github.sha", "GITHUB_SHA"),
    ("github.triggering_actor", "GITHUB_TRIGGERING_ACTOR"),
    ("github.workspace", "GITHUB_WORKSPACE"),
    ("runner.os", "RUNNER_OS"),
    ("runner.temp", "RUNNER_TEMP"),
];

/// `None` where the script's shell or the expression's form leaves no certain way.
pub(super) fn fix(subject: &StepSubject<'_>, run: Option<&RunStep<'_>>, expr: &Expr) -> Option<Fix> {
    let run = run?;
    let path = expr.view()?.path()?;
    let text = run.text();
    let whole = whole(&text, expr)?;
    let path_text = path.join(".");
    let own = OWN.iter().find(|(context, _)| context.eq_ignore_ascii_case(&path_text)).map(|(_, name)| *name);
    let of_env = path.first().is_some_and(|first| first.eq_ignore_ascii_case("env")) && path.len() == 2;
    let name = match own {
        Some(name) => name.to_owned(),
        None if of_env => path[1].clone(),
        None => variable(expr.view()?)?,
    };
    let (reference, safe) = reference(run.shell, &text, &whole, &name)?;
    let title = format!("hand `{}` over as `{name}`", expr.text());
    let mut fix = if safe { Fix::safe(title) } else { Fix::unsafe_(title) };
    fix = fix.replace(subject.place(run.script.span, whole), reference);
    if own.is_none() && !of_env {
        fix = with_variable(subject, fix, &name, expr.text())?;
    }
    Some(fix)
}

/// The bytes of the expression with its braces.
fn whole(text: &str, expr: &Expr) -> Option<std::ops::Range<usize>> {
    let range = expr.range();
    let start = text.get(..range.start)?.rfind("${{")?;
    let end = range.end + text.get(range.end..)?.find("}}")? + 2;
    Some(start..end)
}

/// `github.event.issue.title` to `ISSUE_TITLE`.
fn variable(part: Part<'_>) -> Option<String> {
    if !matches!(part.term(), Term::Index(..)) {
        return None;
    }
    let mut path = part.path()?;
    let known = path.first().is_some_and(|first| first.eq_ignore_ascii_case("github"))
        && path.get(1).is_some_and(|second| second.eq_ignore_ascii_case("event"));
    path.drain(..if known { 2 } else { usize::from(path.len() > 2) });
    let mut name = path.join("_").to_ascii_uppercase().replace(['-', '.', ' '], "_").replace('*', "ANY");
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if name.starts_with("GITHUB_") || name.starts_with("RUNNER_") || ["PATH", "HOME", "SHELL", "USER"].contains(&&*name)
    {
        name.insert_str(0, "THE_");
    }
    Some(name)
}

/// How the shell reads a variable at that place, and whether that is the same as the value written there.
fn reference(shell: Shell, text: &str, whole: &std::ops::Range<usize>, name: &str) -> Option<(String, bool)> {
    match shell {
        Shell::Posix => {
            let quote = quote_at(&Script::read(text), whole)?;
            match quote {
                Quote::Double => Some((format!("${{{name}}}"), true)),
                Quote::None => Some((format!("\"${{{name}}}\""), false)),
                Quote::Single => None,
            }
        }
        Shell::Pwsh => Some((format!("${{env:{name}}}"), false)),
        Shell::Cmd => Some((format!("%{name}%"), false)),
        Shell::Other => None,
    }
}

fn quote_at(script: &Script, whole: &std::ops::Range<usize>) -> Option<Quote> {
    let words = script.commands.iter().flat_map(|command| {
        let targets = command
            .redirections
            .iter()
            .flat_map(|redirection| redirection.document.iter().chain(std::iter::once(&redirection.target)));
        command.words.iter().chain(&command.assignments).chain(targets)
    });
    let mut parts = words.flat_map(|word| &word.parts);
    parts.find_map(|part| match part {
        Word::Expression { range, quote } if range == whole => Some(*quote),
        _ => None,
    })
}

/// Adds the variable to the step's `env:`, or an `env:` in front of `run:`.
fn with_variable(subject: &StepSubject<'_>, fix: Fix, name: &str, value: &str) -> Option<Fix> {
    let step = tree::mapping_at(subject.document, subject.step.span)?;
    let line = format!("{name}: ${{{{ {value} }}}}");
    if let Some((_, env)) = step.entry("env") {
        if let Some(old) = env.get(name) {
            let same =
                old.text().is_some_and(|text| text.trim_start_matches("${{").trim_end_matches("}}").trim() == value);
            return same.then_some(fix);
        }
        let (key, _) = env.entries().first()?;
        let at = key.span.start as usize;
        return Some(fix.insert(key.span.file, at, format!("{line}\n{}", indent(subject, key)?)));
    }
    let (key, _) = step.entry("run")?;
    let own = indent(subject, key)?;
    Some(fix.insert(key.span.file, key.span.start as usize, format!("env:\n{own}  {line}\n{own}")))
}

/// The blanks that bring a line to the column of a key of a block mapping.
fn indent(subject: &StepSubject<'_>, key: &Node) -> Option<String> {
    tree::indent(subject.document, Span::new(key.span.file, key.span.start as usize, key.span.start as usize))
}
