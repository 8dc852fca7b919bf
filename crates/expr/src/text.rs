//! Comparing text as .NET's `OrdinalIgnoreCase` does: each character is upper-cased on its own, without the
//! foldings that change a character's length (`ß` is not `SS`), and never from outside ASCII into it (`ı` is not `I`).

use std::cmp::Ordering;

/// The simple upper case of one character.
pub(crate) fn upper(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) if !single.is_ascii() => single,
        (Some(_), Some(_)) => upper_greek(character),
        _ => character,
    }
}

/// Greek letters with a subscript iota: their full upper case is two letters, their simple one is the title case.
fn upper_greek(character: char) -> char {
    let code = u32::from(character);
    let offset = match code {
        0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => 9,
        _ => 0,
    };
    char::from_u32(code + offset).unwrap_or(character)
}

pub(crate) fn equal_ignore_case(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || (!(left.is_ascii() && right.is_ascii()) && left.chars().map(upper).eq(right.chars().map(upper)))
}

pub(crate) fn compare_ignore_case(left: &str, right: &str) -> Ordering {
    let key = |text: char| utf16_order(upper(text));
    left.chars().map(key).cmp(right.chars().map(key))
}

/// Characters sort by their UTF-16 units: those of two units come before the last ones of a single unit.
fn utf16_order(character: char) -> u32 {
    match u32::from(character) {
        code @ 0xe000..=0xffff => code + 0x11_0000,
        code => code,
    }
}

pub(crate) fn starts_with_ignore_case(text: &str, start: &str) -> bool {
    let mut text = text.chars().map(upper);
    start.chars().map(upper).all(|character| text.next() == Some(character))
}

pub(crate) fn ends_with_ignore_case(text: &str, end: &str) -> bool {
    let mut text = text.chars().rev().map(upper);
    end.chars().rev().map(upper).all(|character| text.next() == Some(character))
}

pub(crate) fn contains_ignore_case(text: &str, part: &str) -> bool {
    let upper = |text: &str| text.chars().map(upper).collect::<String>();
    part.is_empty() || upper(text).contains(&upper(part))
}

/// How many UTF-16 units a text takes: GitHub counts lengths, positions and memory in these.
pub(crate) fn utf16_len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_character_by_character() {
        for (left, right, equal) in [
            ("abc", "ABC", true),
            ("ü", "Ü", true),
            ("ς", "Σ", true),
            ("ς", "σ", true),
            ("ß", "SS", false),
            ("ß", "ẞ", false),
            ("ı", "I", false),
            ("ſ", "S", false),
            ("ᾀ", "ᾈ", true),
            ("ῳ", "ῼ", true),
            ("a", "ab", false),
            ("ü", "u", false),
        ] {
            assert_eq!(equal_ignore_case(left, right), equal, "{left} {right}");
            assert_eq!(compare_ignore_case(left, right) == Ordering::Equal, equal, "{left} {right}");
        }
    }

    #[test]
    fn order_is_that_of_utf16() {
        assert_eq!(compare_ignore_case("\u{1f600}", "\u{ff21}"), Ordering::Less);
        assert_eq!(compare_ignore_case("a", "B"), Ordering::Less);
        assert_eq!(compare_ignore_case("_", "a"), Ordering::Greater);
    }
}
