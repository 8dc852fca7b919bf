//! What a step asks of the job's token.

use span::Span;
use workflow::PermissionLevel::{self, Write};
use workflow::Template;

use crate::finding::Confidence;
use crate::flow::{self, Place};
use crate::knowledge::gh;
use crate::knowledge::needs::{self, When};
use crate::steps::{ActionStep, RunStep};
use crate::subject::StepSubject;

/// One permission that a step cannot do without.
pub(super) struct Ask {
    pub(super) scope: &'static str,
    pub(super) level: PermissionLevel,
    /// Another scope that does as well.
    pub(super) or: Option<&'static str>,
    pub(super) place: Span,
    /// `actions/deploy-pages`, `` `gh release create` ``.
    pub(super) who: String,
    pub(super) confidence: Confidence,
}

pub(super) fn asked(subject: &StepSubject<'_>) -> Vec<Ask> {
    if let Some(action) = ActionStep::of(subject) {
        return of_action(subject, &action);
    }
    RunStep::of(subject).map(|run| of_script(subject, &run)).unwrap_or_default()
}

/// Whether a text gives the job's own token.
pub(super) fn is_own_token(text: &str) -> bool {
    let inside = text.trim().trim_start_matches("${{").trim_end_matches("}}").trim();
    inside.eq_ignore_ascii_case("github.token") || inside.eq_ignore_ascii_case("secrets.GITHUB_TOKEN")
}

/// The value of a variable of the environment where the step sees it.
pub(super) fn variable<'a>(subject: &StepSubject<'a>, name: &str) -> Option<&'a Template> {
    flow::variable(&Place::from(subject), name).map(|(value, _)| value)
}

fn of_action(subject: &StepSubject<'_>, action: &ActionStep<'_>) -> Vec<Ask> {
    if action.uses.is("actions/github-script") && action.text("github-token").is_none_or(|text| is_own_token(&text)) {
        return of_calls(subject, action);
    }
    let Some(known) = needs::of_action(&action.uses).filter(|_| action.opaque().is_none()) else { return Vec::new() };
    let other_token = known
        .tokens
        .iter()
        .any(|input| action.text(input).is_some_and(|text| !text.is_empty() && !is_own_token(&text)))
        || ["GITHUB_TOKEN", "GH_TOKEN"].iter().any(|name| {
            variable(subject, name).and_then(Template::source_text).is_some_and(|text| !is_own_token(&text))
        });
    let who = action.uses.name();
    let ask = |scope, level| Ask {
        scope,
        level,
        or: None,
        place: action.span,
        who: who.to_owned(),
        confidence: Confidence::High,
    };
    let mut asks = Vec::new();
    for need in known.needs {
        let holds = match need.when {
            When::Always => true,
            When::Filled(input) => action.is_filled(input),
            When::NoneOf(inputs) => !inputs.iter().any(|input| action.is_filled(input)),
            When::Is(input, value) => action.says(input, value),
            When::IsNot(input, value) => !action.says(input, value) && !action.says(input, "false"),
            When::Perhaps => false,
        };
        // Another token has its own rights, but an identity is only the job's to give.
        if holds && (need.scope == "id-token" || !other_token) {
            asks.push(ask(need.scope, need.level));
        }
    }
    if takes_identity(action) {
        asks.push(ask("id-token", Write));
    }
    asks
}

/// Whether an action signs in to a cloud with the workflow's identity.
fn takes_identity(action: &ActionStep<'_>) -> bool {
    if action.uses.is("aws-actions/configure-aws-credentials") {
        let other = ["aws-access-key-id", "web-identity-token-file", "role-chaining"];
        return action.is_filled("role-to-assume") && !other.iter().any(|input| action.is_filled(input));
    }
    action.uses.is("azure/login")
        && action.is_filled("client-id")
        && !action.is_filled("creds")
        && !action.says("auth-type", "IDENTITY")
}

fn of_calls(subject: &StepSubject<'_>, action: &ActionStep<'_>) -> Vec<Ask> {
    let (Some(script), Some(text)) = (action.input("script"), action.text("script")) else { return Vec::new() };
    let calls = gh::calls(&text).into_iter();
    calls
        .map(|(range, (scope, level))| Ask {
            scope,
            level,
            or: either(scope),
            who: format!("`{}`", &text[range.clone()]),
            place: subject.place(script.span, range),
            confidence: Confidence::Medium,
        })
        .collect()
}

/// Pull requests are issues: some calls take the permission for either.
fn either(scope: &str) -> Option<&'static str> {
    match scope {
        "issues" => Some("pull-requests"),
        _ => None,
    }
}

fn of_script(subject: &StepSubject<'_>, run: &RunStep<'_>) -> Vec<Ask> {
    let text = run.text();
    if !text.contains("gh ") {
        return Vec::new();
    }
    let token = variable(subject, "GH_TOKEN").or_else(|| variable(subject, "GITHUB_TOKEN"));
    if !token.and_then(Template::source_text).is_some_and(|token| is_own_token(&token)) {
        return Vec::new();
    }
    let mut asks = Vec::new();
    for command in run.commands().iter().flat_map(|script| &script.commands) {
        let words = command.inner_text();
        let ["gh", group, name, ..] = words[..] else { continue };
        let elsewhere = command.has_option(&["-R", "--repo"]) || !command.assignments.is_empty();
        let Some(asked) = gh::command(group, name).filter(|_| !elsewhere) else { continue };
        for (scope, level) in asked.iter().filter(|(_, level)| *level == Write) {
            let shared = matches!(name, "comment" | "edit" | "close" | "reopen") || group == "label";
            let other = if *scope == "issues" { "pull-requests" } else { "issues" };
            asks.push(Ask {
                scope,
                level: *level,
                or: shared.then_some(other),
                place: run.place(subject, command.range.clone()),
                who: format!("`gh {group} {name}`"),
                confidence: Confidence::High,
            });
        }
    }
    asks
}
