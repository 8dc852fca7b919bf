//! Checks that need more than the shape of a value.

mod contexts;
mod cron;
mod filters;
mod graph;
mod ids;
mod names;
pub(crate) mod pattern;
mod uses;

use std::sync::Arc;

use span::Diagnostic;

pub(crate) use contexts::{action_contexts, contexts};
pub(crate) use cron::{cron, timezone};
pub(crate) use filters::filters;
pub(crate) use graph::{duplicate_needs, needs};
pub(crate) use ids::id;
pub(crate) use uses::{action_reference, workflow_reference};

use crate::code;
use crate::item::Item;

const SHELLS: &[&str] = &["bash", "sh", "python", "pwsh", "powershell", "cmd"];

/// A shell is one that GitHub knows, or a command with `{0}` where the script's path goes.
pub(crate) fn shell(item: &Item, out: &mut Vec<Diagnostic>) {
    let Some(shell) = item.string() else { return };
    let text: &Arc<str> = &shell.value;
    if text.contains("{0}") || SHELLS.iter().any(|known| known.eq_ignore_ascii_case(text)) {
        return;
    }
    let diagnostic =
        Diagnostic::error(code::INVALID_SHELL, format!("`{text}` is no shell that GitHub knows")).at(shell.span);
    let diagnostic = match span::did_you_mean(text, SHELLS.iter().copied()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => diagnostic,
    };
    out.push(diagnostic.help(format!(
        "use one of {}, or a command with `{{0}}` in the script's place, such as `{text} {{0}}`",
        SHELLS.join(", ")
    )));
}

/// The image of a container or service: empty means no container for a job, and is an error for a service.
pub(crate) fn image(item: &Item, is_service: bool, out: &mut Vec<Diagnostic>) {
    let Some(image) = item.get("image").or(Some(item)).and_then(Item::string) else {
        return;
    };
    let name = image.value.strip_prefix("docker://");
    if name == Some("") || (is_service && image.value.is_empty()) {
        out.push(Diagnostic::error(code::INVALID_CONTAINER, "the image has no name").at(image.span));
    }
}

/// [`span::did_you_mean`] as long as it pays: a file with thousands of mistakes is not helped by thousands of guesses.
pub(crate) fn suggest<'a>(told: usize, name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if told > 200 { None } else { span::did_you_mean(name, known.into_iter().take(500)) }
}
