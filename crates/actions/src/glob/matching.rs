//! A whole pattern against a whole path.

use super::segment::Segment;

/// Parts a pattern may have: one bit of a state for each, and one for its end.
pub(crate) const MAX_SEGMENTS: usize = 127;

/// Whether the segments match the parts. With `partial`, the path may end before the pattern does.
///
/// `**` stands for any number of parts, but at the end of a pattern for at least one.
pub(crate) fn matches_parts<'a>(segments: &[Segment], parts: impl Iterator<Item = &'a str>, partial: bool) -> bool {
    // Bit n: the parts so far match the segments before n. Each part moves all states at once, so that many `**`
    // cost no more than one.
    let end = 1u128 << segments.len().min(MAX_SEGMENTS);
    let mut states = 1u128;
    for part in parts {
        let mut next = 0;
        for (index, segment) in segments.iter().enumerate().take(MAX_SEGMENTS) {
            let bit = 1u128 << index;
            if states & bit == 0 {
                continue;
            }
            if *segment == Segment::Globstar {
                next |= bit;
                if index + 1 == segments.len() {
                    next |= end;
                } else {
                    // It may also stand for nothing: the segment after it has this part.
                    states |= bit << 1;
                }
            } else if segment.matches(part) {
                next |= bit << 1;
            }
        }
        if next == 0 {
            return false;
        }
        states = next;
    }
    partial || states & end != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str, partial: bool) -> bool {
        let segments: Vec<Segment> = pattern.split('/').map(Segment::parse).collect();
        matches_parts(&segments, path.split('/').filter(|part| !part.is_empty()), partial)
    }

    #[test]
    fn paths() {
        let table = [
            ("a/b", "a/b", true, true),
            ("a/b", "a", false, true),
            ("a/b", "a/b/c", false, false),
            ("a/**", "a", false, true),
            ("a/**", "a/b/c", true, true),
            ("**/x", "x", true, true),
            ("**/x", "a/b/x", true, true),
            ("**/x", "a/b", false, true),
            ("a/**/b/**/c", "a/b/x/y/c", true, true),
            ("a/**/b/**/c", "a/b/c", true, true),
            ("a/**/b/**/c", "a/c", false, true),
            ("a/**/**", "a/b", true, true),
            ("a/*/c", "a/b", false, true),
            ("a/*/c", "x", false, false),
        ];
        for (pattern, path, whole, partly) in table {
            assert_eq!(matches(pattern, path, false), whole, "{pattern} {path}");
            assert_eq!(matches(pattern, path, true), partly, "{pattern} {path} partly");
        }
    }

    #[test]
    fn many_globstars_are_no_trouble() {
        let pattern = ["**/a"; 60].join("/");
        let path = ["a"; 59].join("/");
        assert!(!matches(&pattern, &path, false));
    }
}
