//! Patterns of `COPY` and `ADD` sources, with the meaning of Go's `filepath.Match`.

/// Whether a path is a pattern: `*`, `?` or `[`, not behind a backslash.
pub(crate) fn has_wildcard(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

/// Whether a pattern matches the whole name. A malformed pattern matches nothing. Slashes are never matched by wildcards.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // Where to go on when what follows the last star does not fit.
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let fits = match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, n));
                p += 1;
                continue;
            }
            None if n == name.len() => return true,
            None => None,
            Some(_) => one(pattern, p, name, n),
        };
        match fits {
            Some((next_p, next_n)) => (p, n) = (next_p, next_n),
            None => match retry {
                Some((star, from)) if from < name.len() && name[from] != b'/' => {
                    retry = Some((star, from + 1));
                    (p, n) = (star + 1, from + 1);
                }
                _ => return false,
            },
        }
    }
}

/// Matches one character; where pattern and name go on.
fn one(pattern: &[u8], p: usize, name: &[u8], n: usize) -> Option<(usize, usize)> {
    let byte = *name.get(n)?;
    let width = character(name, n);
    match pattern.get(p)? {
        b'?' => (byte != b'/').then_some((p + 1, n + width)),
        b'[' => {
            let (inside, end) = class(pattern, p + 1, name.get(n..n + width)?)?;
            (inside && byte != b'/').then_some((end, n + width))
        }
        b'\\' => (*pattern.get(p + 1)? == byte).then_some((p + 2, n + 1)),
        plain => (*plain == byte).then_some((p + 1, n + 1)),
    }
}

/// The length of the UTF-8 character at a place; 1 for what is none.
fn character(text: &[u8], at: usize) -> usize {
    let length = match text.get(at) {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 1,
    };
    length.min(text.len() - at)
}

/// Reads a class up to its bracket: whether the character is in it, and where the pattern goes on.
fn class(pattern: &[u8], mut p: usize, wanted: &[u8]) -> Option<(bool, usize)> {
    let negated = pattern.get(p) == Some(&b'^');
    if negated {
        p += 1;
    }
    let (mut found, mut any) = (false, false);
    loop {
        if pattern.get(p) == Some(&b']') && any {
            return Some((found != negated, p + 1));
        }
        any = true;
        let low = bound(pattern, &mut p)?;
        let mut high = low;
        if pattern.get(p) == Some(&b'-') {
            p += 1;
            high = bound(pattern, &mut p)?;
        }
        found |= low <= wanted && wanted <= high;
    }
}

fn bound<'a>(pattern: &'a [u8], p: &mut usize) -> Option<&'a [u8]> {
    if matches!(pattern.get(*p)?, b'-' | b']') {
        return None;
    }
    if pattern.get(*p) == Some(&b'\\') {
        *p += 1;
    }
    pattern.get(*p)?;
    let width = character(pattern, *p);
    let bound = pattern.get(*p..*p + width)?;
    *p += width;
    Some(bound)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_go_matches() {
        for (pattern, name, expected) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[\\-]", "-", true),
            ("[x\\-]", "z", false),
            ("[", "a", false),
            ("[-]", "-", false),
            ("*x", "xxx", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
        assert!(has_wildcard(b"a[b") && !has_wildcard(b"a\\*b"));
    }

    proptest! {
        #[test]
        fn any_bytes_end(pattern: Vec<u8>, name: Vec<u8>) {
            let _ = matches(&pattern, &name);
        }

        #[test]
        fn a_name_matches_itself(name in "[a-z/☺]{0,12}") {
            prop_assert!(matches(name.as_bytes(), name.as_bytes()));
        }
    }
}
