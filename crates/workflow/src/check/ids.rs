//! Ids of jobs and steps.

use std::sync::Arc;

use span::Diagnostic;

use crate::{Spanned, code};

/// Ids are shorter than this.
const MAX_LENGTH: usize = 100;

/// Whether this can be the id of a job or step; what is wrong is told. An id that is an expression was told before.
pub(crate) fn id(id: &Spanned<Arc<str>>, what: &str, out: &mut Vec<Diagnostic>) -> bool {
    let text = id.value.as_ref();
    let mut letters = text.chars();
    let first = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let rest = letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
    let problem = if !first || !rest {
        "ids start with a letter or `_`, and go on with letters, digits, `-` or `_`".to_owned()
    } else if text.starts_with("__") {
        "ids that start with `__` are reserved".to_owned()
    } else if text.len() >= MAX_LENGTH {
        format!("ids have less than {MAX_LENGTH} characters, this one has {}", text.len())
    } else {
        return true;
    };
    out.push(Diagnostic::error(code::INVALID_ID, format!("`{text}` is no id for a {what}")).at(id.span).help(problem));
    false
}
