//! Pages of lists: `first`, `last`, `after`, `before`. A cursor is a place in the list.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::args::Args;
use super::node::{Connection, Node, Out};

/// What every connection takes.
pub(crate) const PAGING: &[&str] = &["first", "last", "after", "before"];
/// The most nodes of one connection, as on GitHub.
pub(crate) const MOST: usize = 100;

pub(crate) fn cursor(place: usize) -> String {
    BASE64_STANDARD.encode(format!("cursor:{place}"))
}

fn place(cursor: &str) -> Option<usize> {
    let bytes = BASE64_STANDARD.decode(cursor).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("cursor:")?.parse().ok()
}

/// Which part of a list of `total` is wanted: its beginning and its length.
pub(crate) fn slice(args: &Args, total: usize) -> (usize, usize) {
    let size = |name: &str| args.number(name).map(|size| usize::try_from(size).unwrap_or(0).min(MOST));
    let start = args.text("after").and_then(place).map_or(0, |place| place + 1).min(total);
    let end = args.text("before").and_then(place).unwrap_or(total).clamp(start, total);
    match (size("first"), size("last")) {
        (Some(first), _) => (start, first.min(end - start)),
        (None, Some(last)) => {
            let length = last.min(end - start);
            (end - length, length)
        }
        // Without either GitHub gives nothing but the count; the count is what is asked for then.
        (None, None) => (start, 0),
    }
}

/// A page of a list of which the whole is at hand.
pub(crate) fn of(args: &Args, nodes: Vec<Node>) -> Out {
    let total = nodes.len();
    let (offset, length) = slice(args, total);
    let nodes = nodes.into_iter().skip(offset).take(length).collect();
    Out::Connection(Connection { nodes, offset, total })
}

/// For what there is never any of here: projects, milestones.
pub(crate) fn empty() -> Out {
    Out::Connection(Connection::default())
}

impl Connection {
    pub(crate) fn page_info(&self) -> Value {
        let end = self.offset + self.nodes.len();
        let cursor_of = |place: Option<usize>| place.map(cursor);
        json!({
            "hasNextPage": end < self.total,
            "hasPreviousPage": self.offset > 0,
            "startCursor": cursor_of((!self.nodes.is_empty()).then_some(self.offset)),
            "endCursor": cursor_of(end.checked_sub(1).filter(|_| !self.nodes.is_empty())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices() {
        let args = |value: Value| Args(value.as_object().cloned().unwrap_or_default());
        let table = [
            (json!({ "first": 2 }), (0, 2)),
            (json!({ "first": 2, "after": cursor(1) }), (2, 2)),
            (json!({ "first": 10, "after": cursor(3) }), (4, 1)),
            (json!({ "first": 10, "after": cursor(9) }), (5, 0)),
            (json!({ "last": 2 }), (3, 2)),
            (json!({ "last": 2, "before": cursor(2) }), (0, 2)),
            (json!({ "first": -1 }), (0, 0)),
            (json!({ "first": 2, "after": "nonsense" }), (0, 2)),
            (json!({}), (0, 0)),
        ];
        for (value, expected) in table {
            assert_eq!(slice(&args(value.clone()), 5), expected, "{value}");
        }
    }
}
