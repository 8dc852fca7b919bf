//! `permissions:`.

use crate::item::Item;
use crate::{PermissionLevel, Permissions, Spanned};

pub(super) fn permissions(item: &Item) -> Option<Permissions> {
    if let Some(shorthand) = item.string() {
        return match shorthand.value.as_ref() {
            "read-all" => Some(Permissions::ReadAll(item.span)),
            "write-all" => Some(Permissions::WriteAll(item.span)),
            _ => None,
        };
    }
    if item.is_invalid() {
        return None;
    }
    let scopes = item.entries().iter().filter_map(|entry| {
        let level = entry.value.string()?;
        let value = match level.value.as_ref() {
            "read" => PermissionLevel::Read,
            "write" => PermissionLevel::Write,
            _ => PermissionLevel::None,
        };
        Some((entry.spanned_name()?, Spanned { value, span: level.span }))
    });
    Some(Permissions::Scopes(item.span, scopes.collect()))
}
