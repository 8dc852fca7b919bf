//! One call of a reusable workflow held against its declaration.

use std::sync::Arc;

use expr::Value;
use span::{Diagnostic, did_you_mean};

use crate::permission::{Grant, Violation};
use crate::{
    CallJob, CallSecrets, InputType, Permissions, Spanned, Template, TemplateKind, Workflow, WorkflowCall, code,
};

/// Inputs and secrets.
pub(super) fn check(call: &CallJob, callee: &Workflow, out: &mut Vec<Diagnostic>) {
    let Some(declared) = callee.on.call() else {
        out.push(
            Diagnostic::error(code::CALL_NOT_REUSABLE, format!("`{}` cannot be called", call.uses.value))
                .at(call.uses.span)
                .related(callee.on.span, "`workflow_call` is missing here"),
        );
        return;
    };
    check_inputs(call, declared, out);
    check_secrets(call, declared, out);
}

fn check_inputs(call: &CallJob, declared: &WorkflowCall, out: &mut Vec<Diagnostic>) {
    let names = || declared.inputs.iter().map(|input| input.name.value.as_ref());
    for (name, value) in &call.with {
        match declared.inputs.iter().find(|input| input.name.value.eq_ignore_ascii_case(&name.value)) {
            Some(input) => {
                if let Some(expected) = mismatch(input.kind, value) {
                    let message = format!("the input `{}` is {expected}", name.value);
                    let diagnostic = Diagnostic::error(code::CALL_INPUT_TYPE, message).at(value.span);
                    out.push(diagnostic.related(input.name.span, "declared here"));
                }
            }
            None => {
                let what = format!("`{}` has no input `{}`", call.uses.value, name.value);
                out.push(unknown(code::CALL_UNKNOWN_INPUT, what, name, names(), declared));
            }
        }
    }
    for input in declared.inputs.iter().filter(|input| input.required) {
        if !call.with.iter().any(|(name, _)| name.value.eq_ignore_ascii_case(&input.name.value)) {
            let message = format!("`{}` needs the input `{}`", call.uses.value, input.name.value);
            let diagnostic = Diagnostic::error(code::CALL_MISSING_INPUT, message).at(call.uses.span);
            out.push(diagnostic.related(input.name.span, "required here").help("add it under `with`"));
        }
    }
}

/// What a literal should have been. Expressions are checked when they have a value.
fn mismatch(kind: InputType, value: &Template) -> Option<&'static str> {
    let TemplateKind::Literal(value) = &value.kind else {
        return None;
    };
    match (kind, value) {
        (InputType::Boolean, Value::Bool(_)) | (InputType::Number, Value::Number(_)) => None,
        (InputType::Boolean, _) => Some("`true` or `false`, without quotes"),
        (InputType::Number, _) => Some("a number, without quotes"),
        _ => None,
    }
}

fn check_secrets(call: &CallJob, declared: &WorkflowCall, out: &mut Vec<Diagnostic>) {
    let given = match &call.secrets {
        CallSecrets::Inherit(_) => return,
        CallSecrets::None => &[][..],
        CallSecrets::Map(given) => given,
    };
    let names = || declared.secrets.iter().map(|secret| secret.name.value.as_ref());
    for (name, _) in given {
        if !names().any(|declared| declared.eq_ignore_ascii_case(&name.value)) {
            let what = format!("`{}` has no secret `{}`", call.uses.value, name.value);
            out.push(unknown(code::CALL_UNKNOWN_SECRET, what, name, names(), declared));
        }
    }
    for secret in declared.secrets.iter().filter(|secret| secret.required) {
        if !given.iter().any(|(name, _)| name.value.eq_ignore_ascii_case(&secret.name.value)) {
            let message = format!("`{}` needs the secret `{}`", call.uses.value, secret.name.value);
            let diagnostic = Diagnostic::error(code::CALL_MISSING_SECRET, message).at(call.uses.span);
            out.push(
                diagnostic
                    .related(secret.name.span, "required here")
                    .help("add it under `secrets`, or pass all of them on with `secrets: inherit`"),
            );
        }
    }
}

fn unknown<'a>(
    code: &'static str,
    message: String,
    name: &Spanned<Arc<str>>,
    known: impl Iterator<Item = &'a str> + Clone,
    declared: &WorkflowCall,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, message).at(name.span).related(declared.span, "declared here");
    match did_you_mean(&name.value, known.clone()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => {
            let names: Vec<&str> = known.take(24).collect();
            if names.is_empty() { diagnostic } else { diagnostic.help(format!("known are {}", names.join(", "))) }
        }
    }
}

/// A called workflow and its jobs ask for no more than the calling job has.
pub(super) fn check_permissions(call: &CallJob, callee: &Workflow, granted: &Grant, out: &mut Vec<Diagnostic>) {
    let blocks = callee.permissions.iter().map(|block| ("the workflow".to_owned(), block)).chain(
        callee
            .jobs
            .iter()
            .filter_map(|job| job.permissions.as_ref().map(|block| (format!("its job `{}`", job.id.value), block))),
    );
    for (who, block) in blocks {
        let violations = Grant::from(block).violations(granted);
        if violations.is_empty() {
            continue;
        }
        let list = |level: fn(&Violation) -> &'static str| {
            let parts: Vec<String> =
                violations.iter().map(|violation| format!("{}: {}", violation.scope, level(violation))).collect();
            parts.join(", ")
        };
        let asked = list(|violation| violation.asked.as_str());
        let allowed = list(|violation| violation.allowed.as_str());
        out.push(
            Diagnostic::error(
                code::CALL_PERMISSIONS,
                format!(
                    "`{}` cannot be called: {who} asks for `{asked}`, the calling job has `{allowed}`",
                    call.uses.value
                ),
            )
            .at(call.uses.span)
            .related(span_of(block), "asked for here")
            .help("give the calling job these permissions, or ask for less"),
        );
    }
}

fn span_of(block: &Permissions) -> span::Span {
    match block {
        Permissions::ReadAll(span) | Permissions::WriteAll(span) | Permissions::Scopes(span, _) => *span,
    }
}
