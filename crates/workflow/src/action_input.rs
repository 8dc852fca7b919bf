//! A step's `with:` held against what the action declares.

use std::sync::Arc;

use span::{Diagnostic, did_you_mean};

use crate::{Action, Runs, Spanned, Template, TemplateKey, TemplateKind, code};

/// Docker actions take these besides their inputs.
const DOCKER_INPUTS: [&str; 2] = ["args", "entrypoint"];

/// Inputs that the action does not know, required ones that are missing, deprecated ones. All are warnings: GitHub runs
/// the action all the same.
#[must_use]
pub fn check_action_inputs(uses: &Spanned<Arc<str>>, with: Option<&Template>, action: &Action) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let entries = match with.map(|with| &with.kind) {
        None => &[][..],
        Some(TemplateKind::Mapping(entries)) => entries,
        // An expression that gives the mapping: known at run time.
        Some(_) => return out,
    };
    let mut given: Vec<&str> = Vec::new();
    let mut dynamic = false;
    for entry in entries {
        let TemplateKey::Literal(name) = &entry.key else {
            dynamic = true;
            continue;
        };
        given.push(name);
        match action.inputs.iter().find(|input| input.name.value.eq_ignore_ascii_case(name)) {
            Some(input) => {
                if let Some(message) = &input.deprecation_message {
                    let text = format!("the input `{name}` of `{}` is deprecated", uses.value);
                    let diagnostic = Diagnostic::warning(code::ACTION_DEPRECATED_INPUT, text).at(entry.key_span);
                    out.push(if message.is_empty() { diagnostic } else { diagnostic.help(message.as_ref()) });
                }
            }
            None if matches!(action.runs, Runs::Docker(_)) && DOCKER_INPUTS.contains(&name.as_ref()) => {}
            None => out.push(unknown(entry.key_span, name, uses, action)),
        }
    }
    if !dynamic {
        let missing = action.inputs.iter().filter(|input| {
            let name = &input.name.value;
            input.required && input.default.is_none() && !given.iter().any(|given| given.eq_ignore_ascii_case(name))
        });
        out.extend(missing.map(|input| {
            let message = format!("`{}` needs the input `{}`", uses.value, input.name.value);
            let diagnostic = Diagnostic::warning(code::ACTION_MISSING_INPUT, message).at(uses.span);
            match &input.description {
                Some(text) if !text.is_empty() => {
                    let first = text.lines().next().unwrap_or_default();
                    diagnostic.help(format!("{}: {first}", input.name.value))
                }
                _ => diagnostic,
            }
        }));
    }
    out
}

fn unknown(span: span::Span, name: &str, uses: &Spanned<Arc<str>>, action: &Action) -> Diagnostic {
    let names = || action.inputs.iter().map(|input| input.name.value.as_ref());
    let diagnostic =
        Diagnostic::warning(code::ACTION_UNKNOWN_INPUT, format!("`{}` has no input `{name}`", uses.value)).at(span);
    match did_you_mean(name, names()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None if action.inputs.is_empty() => diagnostic.help("it takes no inputs"),
        None => diagnostic.help(format!("its inputs are {}", names().take(24).collect::<Vec<_>>().join(", "))),
    }
}
