//! `concurrency:` of a workflow or job.

use span::Diagnostic;

use super::{Diagnostics, spanned, template};
use crate::item::Item;
use crate::{Concurrency, code};

/// GitHub's bound for a group's name, in characters.
const MAX_GROUP: usize = 400;

pub(super) fn concurrency(item: &Item, out: &mut Diagnostics) -> Option<Concurrency> {
    if item.is_invalid() {
        return None;
    }
    let is_mapping = matches!(item.kind, crate::item::ItemKind::Mapping(_));
    let group = if is_mapping { item.get("group")? } else { item };
    if let Some(name) = group.string() {
        let problem = match name.value.chars().count() {
            0 => Some("the concurrency group has no name".to_owned()),
            count if count > MAX_GROUP => {
                Some(format!("the concurrency group's name has {count} characters, at most {MAX_GROUP} are allowed"))
            }
            _ => None,
        };
        out.extend(problem.map(|message| Diagnostic::error(code::INVALID_CONCURRENCY, message).at(group.span)));
    }
    Some(Concurrency {
        span: item.span,
        group: group.template(),
        cancel_in_progress: if is_mapping { template(item, "cancel-in-progress") } else { None },
        queue: if is_mapping { spanned(item, "queue") } else { None },
    })
}
