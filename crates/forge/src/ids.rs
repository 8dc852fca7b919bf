//! GraphQL's ids: the kind of a thing and its number, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The id of a thing of this kind (`Repository`, `PullRequest`, …).
#[must_use]
pub fn node_id(kind: &str, id: i64) -> String {
    STANDARD.encode(format!("{kind}:{id}"))
}

/// Kind and number of what [`node_id`] made.
#[must_use]
pub fn parse_node_id(text: &str) -> Option<(String, i64)> {
    let bytes = STANDARD.decode(text).ok()?;
    let (kind, id) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((kind.to_owned(), id.parse().ok()?))
}
