//! A variable of the environment in the place of an expression.

use std::ops::Range;

use expr::{Expr, Term};
use workflow::{Template, TemplateKind};

use crate::fix::Fix;
use crate::flow::{self, Place};
use crate::shell::{Command, Part, Quote, Script, Syntax, Word};
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

/// Contexts that name other directories than the variables do when the job runs in a container.
const OF_MACHINE: [&str; 2] = ["github.workspace", "runner.temp"];

/// `None` where the script's shell or the expression's form leaves no certain way.
pub(super) fn fix(subject: &StepSubject<'_>, run: Option<&RunStep<'_>>, expr: &Expr) -> Option<Fix> {
    let run = run?;
    let path = expr.view()?.path()?;
    // Where an alias repeats the script, other steps have it without the variable.
    if subject.document.is_shared(run.script.span) {
        return None;
    }
    let text = run.text();
    let whole = whole(&text, expr)?;
    let path_text = path.join(".");
    let in_container = subject.owner.steps_job().is_some_and(|job| job.container.is_some());
    let own = OWN
        .iter()
        .find(|(context, _)| context.eq_ignore_ascii_case(&path_text))
        .filter(|(context, _)| !in_container || !OF_MACHINE.contains(context))
        .map(|(_, name)| *name);
    let of_env = path.first().is_some_and(|first| first.eq_ignore_ascii_case("env")) && path.len() == 2;
    let name = match own {
        Some(name) => name.to_owned(),
        None if of_env => path[1].clone(),
        None => variable(expr.view()?)?,
    };
    let (reference, same) = reference(run.shell, &text, &whole, &name)?;
    let title = format!("hand `{}` over as `{name}`", expr.text());
    let fix = if same && !is_code(subject, &path) { Fix::safe(title) } else { Fix::unsafe_(title) };
    let fix = tree::rewrite(subject.document, fix, run.script.span, whole, &reference)?;
    if own.is_none() && !of_env { with_variable(subject, fix, &name, expr.text()) } else { Some(fix) }
}

/// Whether the file gives the path a value in which the shell reads more than text.
fn is_code(subject: &StepSubject<'_>, path: &[String]) -> bool {
    let [context, name, ..] = path else { return false };
    let special = |value: &Template| {
        value.literal_str().is_some_and(|text| text.contains(['$', '`', '"', '\\']))
            || matches!(&value.kind, TemplateKind::Text(text) if text.text().contains(['`', '"', '\\']))
    };
    match context.to_ascii_lowercase().as_str() {
        "env" => flow::variable(&Place::from(subject), name).is_some_and(|(value, _)| special(value)),
        "matrix" => {
            let strategy = subject.owner.job().and_then(|job| job.strategy.as_ref());
            strategy.and_then(|strategy| strategy.matrix.as_ref()).is_some_and(|matrix| any(matrix, &special))
        }
        _ => false,
    }
}

fn any(template: &Template, holds: &dyn Fn(&Template) -> bool) -> bool {
    match &template.kind {
        TemplateKind::Sequence(items) => items.iter().any(|item| any(item, holds)),
        TemplateKind::Mapping(entries) => entries.iter().any(|entry| any(&entry.value, holds)),
        _ => holds(template),
    }
}

/// The bytes of the expression with its braces.
fn whole(text: &str, expr: &Expr) -> Option<Range<usize>> {
    let range = expr.range();
    let start = text.get(..range.start)?.rfind("${{")?;
    let end = range.end + text.get(range.end..)?.find("}}")? + 2;
    Some(start..end)
}

/// `github.event.issue.title` to `ISSUE_TITLE`.
fn variable(part: expr::Part<'_>) -> Option<String> {
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
fn reference(shell: Shell, text: &str, whole: &Range<usize>, name: &str) -> Option<(String, bool)> {
    match shell {
        // `$${{ x }}` makes the name of a variable of it.
        Shell::Posix if is_name(name) && !is_set(text, name) && !text[..whole.start].ends_with('$') => {
            match expression_at(&Script::read(text), whole)?.0 {
                Quote::Double => Some((format!("${{{name}}}"), true)),
                Quote::None => Some((format!("\"${{{name}}}\""), false)),
                Quote::Single => None,
            }
        }
        Shell::Pwsh if takes_variable(text, whole)? => Some((format!("${{env:{name}}}"), false)),
        // `cmd` puts values in before it reads the line, as GitHub does: nothing is won.
        Shell::Posix | Shell::Pwsh | Shell::Cmd | Shell::Other | Shell::Unknown => None,
    }
}

/// Whether `sh` takes it for the name of a variable.
fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether the script may give the variable another value: its name stands at the start of a word.
fn is_set(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '(' | '&' | '|' | '`'))
            && !after.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
    })
}

/// Whether PowerShell puts the value of a variable in at this place: between double quotes, or in an argument. As a command
/// it would print the value, and between single quotes it stays as it is written.
fn takes_variable(text: &str, whole: &Range<usize>) -> Option<bool> {
    let escaped = text[..whole.start].ends_with(['$', '`']);
    // Outside of quotes these ask for a part of the variable: `${env:NAME}.zip` is nothing at all.
    let is_object = ["[", ".", "::"].iter().any(|member| text[whole.end..].starts_with(member));
    let script = Script::read_as(Syntax::PowerShell, text);
    let (quote, is_argument) = expression_at(&script, whole)?;
    let is_text = quote == Quote::Double || (quote == Quote::None && is_argument && !is_object);
    Some(!escaped && is_text && !is_evaluated(&script, whole))
}

/// Whether a command of PowerShell around the place, or one that reads what is written there, runs its text as code: then a
/// variable's value is code, too.
fn is_evaluated(script: &Script, whole: &Range<usize>) -> bool {
    let runs = |command: &Command| {
        let name = command.name().unwrap_or_default();
        ["iex", "Invoke-Expression"].iter().any(|runs| runs.eq_ignore_ascii_case(name))
    };
    script.commands.iter().enumerate().any(|(index, command)| {
        let holds = command.range.start <= whole.start && whole.end <= command.range.end;
        let mut readers = script.commands[index..].windows(2).take_while(|pair| pair[0].pipes).map(|pair| &pair[1]);
        holds && (runs(command) || readers.any(runs))
    })
}

/// The quotes around an expression of the script, and whether it is an argument of a command that is written out.
fn expression_at(script: &Script, whole: &Range<usize>) -> Option<(Quote, bool)> {
    let found = |word: &Word| {
        word.parts.iter().find_map(|part| match part {
            Part::Expression { range, quote } if range == whole => Some(*quote),
            _ => None,
        })
    };
    script.commands.iter().find_map(|command| {
        let is_named = command.name().is_some();
        let redirections = command.redirections.iter();
        let targets = redirections.flat_map(|redirection| redirection.document.iter().chain([&redirection.target]));
        let arguments = command.words.iter().skip(1).chain(targets).map(|word| (word, is_named));
        let others = command.words.iter().take(1).chain(&command.assignments).map(|word| (word, false));
        arguments.chain(others).find_map(|(word, is_argument)| Some((found(word)?, is_argument)))
    })
}

/// Adds the variable to the step's `env:`, or an `env:` in front of `run:`.
fn with_variable(subject: &StepSubject<'_>, fix: Fix, name: &str, value: &str) -> Option<Fix> {
    let document = subject.document;
    let step = tree::mapping_at(document, subject.step.span)?;
    let written = format!("${{{{ {value} }}}}");
    if let Some((_, env)) = step.entry("env") {
        if let Some(old) = env.get(name) {
            let same =
                old.text().is_some_and(|text| text.trim_start_matches("${{").trim_end_matches("}}").trim() == value);
            return same.then_some(fix);
        }
        return tree::append(document, fix.clone(), env, name, &written)
            .or_else(|| tree::set(document, fix, env, name, &written));
    }
    let (key, _) = step.entry("run")?;
    let own = tree::indent(document, key.span)?;
    Some(fix.insert(key.span.file, key.span.start as usize, format!("env:\n{own}  {name}: {written}\n{own}")))
}
