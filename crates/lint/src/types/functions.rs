//! What functions take and give.

use expr::{Part, Term, Value};

use super::Type;
use super::infer::{Inference, ProblemKind};

pub(super) fn call(inference: &mut Inference<'_>, part: Part<'_>, name: &str, arguments: &[Part<'_>]) -> Type {
    let types: Vec<Type> = arguments.iter().map(|argument| inference.part(*argument)).collect();
    let given: Vec<(Part<'_>, &Type)> = arguments.iter().copied().zip(&types).collect();
    match (name, &given[..]) {
        ("contains", [(list, ty), (item, item_type)]) => {
            if let Type::Object(_) = ty {
                let message = format!("`{}` is an object, in which `contains` finds nothing", list.text());
                let help = vec![format!("`contains({}.*, …)` looks at its values", list.text())];
                inference.problem(ProblemKind::Mismatch, *list, message, help);
            }
            if item_type.is_collection() {
                never(inference, name, *item, item_type);
            }
            Type::Bool
        }
        ("startsWith" | "endsWith", _) => {
            for (argument, ty) in given.iter().filter(|(_, ty)| ty.is_collection()) {
                never(inference, name, *argument, ty);
            }
            Type::Bool
        }
        ("format", [(format, _), rest @ ..]) => {
            placeholders(inference, *format, rest);
            for (argument, ty) in rest.iter().filter(|(_, ty)| ty.is_collection()) {
                collection(inference, *argument, ty);
            }
            Type::String
        }
        ("join", [(list, ty), ..]) => {
            match ty {
                Type::Object(_) => {
                    let message = format!("`{}` is an object, of which `join` makes nothing", list.text());
                    let help = vec![format!("`join({}.*, …)` joins its values", list.text())];
                    inference.problem(ProblemKind::Mismatch, *list, message, help);
                }
                Type::Array { item, .. } if item.is_collection() => {
                    let message = format!("the items of `{}` are no text: `join` makes `Object` of each", list.text());
                    inference.problem(
                        ProblemKind::Mismatch,
                        *list,
                        message,
                        vec!["join a property: `join(x.*.name, ', ')`".to_owned()],
                    );
                }
                _ => {}
            }
            Type::String
        }
        ("toJSON", _) | ("hashFiles", _) => Type::String,
        ("fromJSON", [(text, ty)]) => from_json(inference, *text, ty),
        ("case", _) => case(inference, part, &given),
        _ => match name {
            "success" | "failure" | "always" | "cancelled" => Type::Bool,
            _ => Type::Any,
        },
    }
}

fn never(inference: &mut Inference<'_>, function: &str, argument: Part<'_>, ty: &Type) {
    let message = format!("`{}` is {}, with which `{function}` is always false", argument.text(), ty.described());
    inference.problem(ProblemKind::Mismatch, argument, message, Vec::new());
}

fn collection(inference: &mut Inference<'_>, argument: Part<'_>, ty: &Type) {
    let word = if matches!(ty, Type::Array { .. }) { "Array" } else { "Object" };
    let message = format!("`{}` is {}, of which the text is `{word}`", argument.text(), ty.described());
    let help = vec![format!("`toJSON({})` gives its content", argument.text())];
    inference.problem(ProblemKind::Collection, argument, message, help);
}

/// A constant format names each argument, and no more.
fn placeholders(inference: &mut Inference<'_>, format: Part<'_>, arguments: &[(Part<'_>, &Type)]) {
    let Some(Value::String(text)) = format.literal() else { return };
    let Some(named) = named_arguments(text) else {
        let help = "a brace in the text is written twice: `{{` and `}}`".to_owned();
        inference.problem(
            ProblemKind::Constant,
            format,
            "this format has a brace that opens or closes nothing".to_owned(),
            vec![help],
        );
        return;
    };
    if let Some(missing) = named.iter().find(|index| **index >= arguments.len()) {
        let message = format!("the format names `{{{missing}}}`, and has {} arguments", arguments.len());
        inference.problem(ProblemKind::Constant, format, message, vec!["arguments are counted from 0".to_owned()]);
    }
    for (index, (argument, _)) in arguments.iter().enumerate() {
        if !named.contains(&index) {
            let message = format!("the format does not use this argument: it has no `{{{index}}}`");
            inference.problem(ProblemKind::Constant, *argument, message, Vec::new());
        }
    }
}

/// The numbers in `{0}`, or `None` where the braces do not make a format.
fn named_arguments(format: &str) -> Option<Vec<usize>> {
    let mut named = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        let brace = rest.as_bytes()[at];
        let after = &rest[at + 1..];
        if after.as_bytes().first() == Some(&brace) {
            rest = &after[1..];
            continue;
        }
        if brace == b'}' {
            return None;
        }
        let (number, after) = after.split_once('}')?;
        let number = number.split_once(':').map_or(number, |(number, _)| number);
        named.push(number.parse().ok()?);
        rest = after;
    }
    Some(named)
}

fn from_json(inference: &mut Inference<'_>, text: Part<'_>, ty: &Type) -> Type {
    if ty.is_collection() {
        let message = format!("`{}` is {} already: `fromJSON` takes text", text.text(), ty.described());
        inference.problem(ProblemKind::Mismatch, text, message, vec!["leave `fromJSON` out".to_owned()]);
        return ty.clone();
    }
    let Term::Literal(Value::String(json)) = text.term() else { return Type::Any };
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(value) => of_json(&value),
        // JSON of GitHub takes more than ours, comments for instance: only what nothing reads is told.
        Err(error) if error.is_eof() => {
            let message = "this JSON ends too early".to_owned();
            inference.problem(ProblemKind::Constant, text, message, Vec::new());
            Type::Any
        }
        Err(_) => Type::Any,
    }
}

fn of_json(value: &serde_json::Value) -> Type {
    match value {
        serde_json::Value::Null => Type::Null,
        serde_json::Value::Bool(_) => Type::Bool,
        serde_json::Value::Number(_) => Type::Number,
        serde_json::Value::String(_) => Type::String,
        serde_json::Value::Array(items) => {
            let mut types = items.iter().map(of_json);
            let first = types.next().unwrap_or_default();
            Type::array(types.fold(first, |all, ty| all.merge(&ty)))
        }
        serde_json::Value::Object(entries) => {
            Type::closed(entries.iter().map(|(name, value)| (name.as_str().into(), of_json(value))).collect())
        }
    }
}

/// Conditions and values in turn, and a value for the rest.
fn case(inference: &mut Inference<'_>, part: Part<'_>, given: &[(Part<'_>, &Type)]) -> Type {
    if given.len().is_multiple_of(2) {
        let message = "`case` takes conditions and values in turn, and a last value for the rest".to_owned();
        inference.problem(ProblemKind::Mismatch, part, message, Vec::new());
        return Type::Any;
    }
    let mut result: Option<Type> = None;
    for (index, (argument, ty)) in given.iter().enumerate() {
        if index % 2 == 0 && index + 1 < given.len() {
            if !matches!(ty, Type::Bool | Type::Any) {
                let message =
                    format!("`{}` is {}: a condition of `case` has to be a boolean", argument.text(), ty.described());
                inference.problem(ProblemKind::Mismatch, *argument, message, vec!["compare it: `x != ''`".to_owned()]);
            }
        } else {
            result = Some(result.map_or_else(|| (*ty).clone(), |all| all.merge(ty)));
        }
    }
    result.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::named_arguments;

    #[test]
    fn formats() {
        for (format, expected) in [
            ("", Some(vec![])),
            ("a {0} b {1} {0}", Some(vec![0, 1, 0])),
            ("{{0}} {1}", Some(vec![1])),
            ("{{{0}}}", Some(vec![0])),
            ("{", None),
            ("}", None),
            ("{x}", None),
            ("{0", None),
        ] {
            assert_eq!(named_arguments(format), expected, "{format}");
        }
    }
}
