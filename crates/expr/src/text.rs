//! Comparing text as .NET's `OrdinalIgnoreCase` does: each character is upper-cased on its own, without the
//! foldings that change a character's length (`ß` is not `SS`).

use std::cmp::Ordering;

/// The simple upper case of one character.
pub(crate) fn upper(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

pub(crate) fn equal_ignore_case(left: &str, right: &str) -> bool {
    left == right || left.chars().map(upper).eq(right.chars().map(upper))
}

pub(crate) fn compare_ignore_case(left: &str, right: &str) -> Ordering {
    left.chars().map(upper).cmp(right.chars().map(upper))
}

/// What .NET's `Char.IsWhiteSpace` says.
pub(crate) fn is_white_space(character: char) -> bool {
    character.is_whitespace()
}
