//! The order in which JavaScript's `localeCompare` puts plain text.

use std::cmp::Ordering;

/// Marks in the order of Unicode's root collation; digits and letters come after them.
const MARKS: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// Letters without regard to case first; where that is equal, lower case comes first.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let first = a.chars().map(weight).cmp(b.chars().map(weight));
    first.then_with(|| a.chars().map(char::is_uppercase).cmp(b.chars().map(char::is_uppercase)))
}

fn weight(char: char) -> (u8, u32) {
    match MARKS.find(char) {
        Some(at) => (1, u32::try_from(at).unwrap_or(0)),
        None if char.is_whitespace() => (0, 0),
        None if char.is_ascii_digit() => (2, u32::from(char)),
        None => (3, char.to_lowercase().next().map_or(0, u32::from)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let mut words = ["org.b", "Maintainer", "maintainer", "org-b", "org.a", "a1", "ab", "z"];
        words.sort_by(|a, b| compare(a, b));
        assert_eq!(words, ["a1", "ab", "maintainer", "Maintainer", "org-b", "org.a", "org.b", "z"]);
    }
}
