//! Inputs of `workflow_dispatch` and `workflow_call`.

use expr::Value;
use span::Diagnostic;

use super::{Diagnostics, template, text};
use crate::item::{Entry, Item};
use crate::{Input, InputType, code};

/// Which event declares them: their rules differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Declares {
    Dispatch,
    Call,
}

pub(super) fn inputs(item: &Item, by: Declares, out: &mut Diagnostics) -> Vec<Input> {
    item.get("inputs").map(Item::entries).unwrap_or_default().iter().filter_map(|entry| input(entry, by, out)).collect()
}

fn input(entry: &Entry, by: Declares, out: &mut Diagnostics) -> Option<Input> {
    let name = entry.spanned_name()?;
    let item = &entry.value;
    if !is_input_name(&name.value) {
        out.push(
            Diagnostic::error(code::INVALID_ID, format!("`{}` is no name for an input", name.value))
                .at(name.span)
                .help("names start with a letter or `_`, and go on with letters, digits, `-` or `_`"),
        );
    }
    let kind = match text(item, "type").as_deref() {
        Some("boolean") => InputType::Boolean,
        Some("number") => InputType::Number,
        Some("choice") => InputType::Choice,
        Some("environment") => InputType::Environment,
        _ => InputType::String,
    };
    let options = item.get("options").map(Item::strings).unwrap_or_default();
    check_options(entry, kind, out);
    if let Some(default) = item.get("default") {
        check_default(default, kind, &options, by, out);
    }
    Some(Input {
        name,
        description: text(item, "description"),
        kind,
        required: item.get("required").and_then(Item::bool).unwrap_or(false),
        default: template(item, "default"),
        options,
    })
}

fn is_input_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'))
}

fn check_options(entry: &Entry, kind: InputType, out: &mut Diagnostics) {
    let options = entry.value.entry("options");
    match (kind, options) {
        (InputType::Choice, None) => out.push(
            Diagnostic::error(code::INVALID_INPUT, "a choice needs `options`")
                .at(entry.value.get("type").map_or(entry.key_span, |kind| kind.span)),
        ),
        (InputType::Choice, Some(options)) if options.value.items().is_empty() && !options.value.is_invalid() => {
            out.push(Diagnostic::error(code::INVALID_INPUT, "a choice needs at least one option").at(options.key_span));
        }
        (InputType::Choice, _) | (_, None) => {}
        (_, Some(options)) => {
            let diagnostic =
                Diagnostic::error(code::INVALID_INPUT, "`options` is for inputs of the type `choice` only");
            out.push(diagnostic.at(options.key_span).help("add `type: choice`, or remove `options`"));
        }
    }
}

fn check_default(
    default: &Item,
    kind: InputType,
    options: &[crate::Spanned<std::sync::Arc<str>>],
    by: Declares,
    out: &mut Diagnostics,
) {
    let Some(value) = default.value() else { return };
    let wrong = |expected: &str| {
        Diagnostic::error(code::INPUT_DEFAULT, format!("the default of this input has to be {expected}"))
            .at(default.span)
    };
    match (kind, value) {
        (InputType::Boolean, Value::Bool(_)) | (InputType::Number, Value::Number(_)) => {}
        // `workflow_dispatch` hands strings around until the run starts, so GitHub reads these.
        (InputType::Boolean, Value::String(text))
            if by == Declares::Dispatch && matches!(text.as_ref(), "true" | "false" | "") => {}
        (InputType::Number, Value::String(text))
            if by == Declares::Dispatch && (text.is_empty() || text.trim().parse::<f64>().is_ok()) => {}
        (InputType::Boolean, _) => out.push(wrong("`true` or `false`, without quotes")),
        (InputType::Number, _) => out.push(wrong("a number, without quotes")),
        (InputType::Choice, value) => {
            let text = value.to_display_string();
            if !text.is_empty() && options.iter().all(|option| option.value.as_ref() != text) {
                let names: Vec<&str> = options.iter().map(|option| option.value.as_ref()).collect();
                let mut diagnostic = wrong(&crate::schema::one_of(&names));
                if let Some(meant) = span::did_you_mean(&text, names.iter().copied()) {
                    diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
                }
                out.push(diagnostic);
            }
        }
        (InputType::String | InputType::Environment, _) => {}
    }
}
