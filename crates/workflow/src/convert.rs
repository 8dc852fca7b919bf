//! From checked items to the typed model, with the checks that need more than one key.

pub(crate) mod action;
mod concurrency;
mod inputs;
mod job;
mod permissions;
mod steps;
mod strategy;
mod triggers;
pub(crate) mod workflow;

use std::sync::Arc;

use span::{Diagnostic, Span};

use crate::item::Item;
use crate::{CacheMode, Defaults, Spanned, Template, check, code};

/// What the parts of a file add their problems to.
type Diagnostics = Vec<Diagnostic>;

fn template(item: &Item, key: &str) -> Option<Template> {
    item.get(key).map(Item::template)
}

fn text(item: &Item, key: &str) -> Option<Arc<str>> {
    item.get(key)?.string().map(|text| text.value)
}

fn spanned(item: &Item, key: &str) -> Option<Spanned<Arc<str>>> {
    item.get(key)?.string()
}

/// `cache-mode:` of a workflow or a job; a wrong one was told already.
fn cache_mode(item: &Item) -> Option<Spanned<CacheMode>> {
    let text = spanned(item, "cache-mode")?;
    Some(Spanned { value: CacheMode::parse(&text.value)?, span: text.span })
}

/// `defaults:` of a workflow or a job.
fn defaults(item: &Item, out: &mut Diagnostics) -> Defaults {
    let Some(run) = item.get("defaults").and_then(|defaults| defaults.get("run")) else {
        return Defaults::default();
    };
    if run.is_dynamic() && run.entries().is_empty() {
        out.push(
            Diagnostic::error(code::EXPRESSION_NOT_ALLOWED, "an expression cannot stand for the whole of `run`")
                .at(run.span)
                .help("write `shell` and `working-directory` out, each with its own expression"),
        );
    }
    if let Some(shell) = run.get("shell") {
        check::shell(shell, out);
    }
    Defaults { shell: template(run, "shell"), working_directory: template(run, "working-directory") }
}

/// Key and value of an entry together.
fn whole(key: Span, value: &Item) -> Span {
    key.join(value.span)
}
