//! `strategy:` with its matrix; what is certain before the run is checked here.

use expr::Value;
use span::{Diagnostic, Span, did_you_mean};

use super::{Diagnostics, template};
use crate::item::{Entry, Item, ItemKind};
use crate::reader::fold;
use crate::{MatrixError, Strategy, code, expand_matrix};

pub(super) fn strategy(item: &Item, out: &mut Diagnostics) -> Strategy {
    if let Some(matrix) = item.entry("matrix") {
        check_matrix(matrix, out);
    }
    if let Some(max) = item.get("max-parallel")
        && let Some(Value::Number(number)) = max.value()
        && *number < 1.0
    {
        out.push(Diagnostic::error(code::INVALID_NUMBER, "`max-parallel` is at least 1").at(max.span));
    }
    Strategy {
        span: item.span,
        whole: matches!(item.kind, ItemKind::Text(_)).then(|| item.template()),
        fail_fast: template(item, "fail-fast"),
        max_parallel: template(item, "max-parallel"),
        matrix: template(item, "matrix"),
    }
}

fn check_matrix(matrix: &Entry, out: &mut Diagnostics) {
    let item = &matrix.value;
    let ItemKind::Mapping(entries) = &item.kind else {
        return;
    };
    let before = out.len();
    let axes: Vec<&Entry> =
        entries.iter().filter(|entry| !matches!(entry.name(), Some("include" | "exclude"))).collect();
    for axis in &axes {
        if let (Some(name), ItemKind::Sequence(values)) = (axis.name(), &axis.value.kind)
            && values.is_empty()
        {
            out.push(
                Diagnostic::error(code::INVALID_MATRIX, format!("the axis `{name}` has no values")).at(axis.key_span),
            );
        }
    }
    let has_include = item.get("include").is_some_and(|include| include.is_dynamic() || !include.items().is_empty());
    if axes.is_empty() && !has_include && !item.entries().iter().any(|entry| entry.value.is_invalid()) {
        out.push(
            Diagnostic::error(code::INVALID_MATRIX, "this matrix has no axis and no `include`, so it makes no job")
                .at(matrix.key_span),
        );
    }
    check_include(item, out);
    if axes.iter().all(|axis| axis.name().is_some()) {
        check_exclude(item, &axes, out);
    }
    if out.len() == before && !item.is_dynamic() && !has_invalid(item) {
        check_size(item, matrix.key_span, out);
    }
}

fn check_include(matrix: &Item, out: &mut Diagnostics) {
    for entry in matrix.get("include").map(Item::items).unwrap_or_default() {
        if matches!(&entry.kind, ItemKind::Mapping(keys) if keys.is_empty()) {
            out.push(Diagnostic::error(code::INVALID_MATRIX, "this `include` entry says nothing").at(entry.span));
        }
    }
}

fn check_exclude(matrix: &Item, axes: &[&Entry], out: &mut Diagnostics) {
    let names: Vec<&str> = axes.iter().filter_map(|axis| axis.name()).collect();
    for entry in matrix.get("exclude").map(Item::items).unwrap_or_default() {
        if matches!(&entry.kind, ItemKind::Mapping(keys) if keys.is_empty()) {
            out.push(Diagnostic::error(code::INVALID_MATRIX, "this `exclude` entry says nothing").at(entry.span));
        }
        for key in entry.entries() {
            let Some(name) = key.name() else { continue };
            if names.iter().any(|axis| fold(axis) == fold(name)) {
                continue;
            }
            let message = format!("`exclude` names `{name}`, which is no axis of this matrix");
            let diagnostic = Diagnostic::error(code::INVALID_MATRIX, message).at(key.key_span);
            out.push(match did_you_mean(name, names.iter().copied()) {
                Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                None if names.is_empty() => diagnostic.help("the matrix has no axes"),
                None => diagnostic.help(format!("the axes are {}", names.join(", "))),
            });
        }
    }
}

fn check_size(matrix: &Item, key: Span, out: &mut Diagnostics) {
    let Ok(value) = matrix.template().evaluate(&Nothing) else {
        return;
    };
    if let Err(error) = expand_matrix(&value) {
        let code = match error {
            MatrixError::TooLarge { .. } => code::MATRIX_TOO_LARGE,
            _ => code::INVALID_MATRIX,
        };
        out.push(Diagnostic::error(code, error.to_string()).at(key));
    }
}

fn has_invalid(item: &Item) -> bool {
    item.is_invalid()
        || item.items().iter().any(has_invalid)
        || item.entries().iter().any(|entry| has_invalid(&entry.value))
}

/// For templates without expressions.
struct Nothing;

impl expr::Context for Nothing {
    fn named(&self, _name: &str) -> Option<Value> {
        None
    }
}
