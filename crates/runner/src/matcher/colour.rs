//! Colour codes come off before a matcher sees a line.

use std::borrow::Cow;

/// The line without `ESC [ digits and semicolons m`, where the `m` may be missing.
pub(super) fn stripped(line: &str) -> Cow<'_, str> {
    let Some(first) = line.find("\x1b[") else {
        return Cow::Borrowed(line);
    };
    let mut out = line[..first].to_owned();
    let mut rest = &line[first..];
    while let Some(at) = rest.find("\x1b[") {
        out.push_str(&rest[..at]);
        rest = rest[at + 2..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = rest.strip_prefix('m').unwrap_or(rest);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_come_off() {
        for (line, plain) in [
            ("plain", "plain"),
            ("\x1b[1;31merror\x1b[0m: x\x1b[m", "error: x"),
            ("a\x1b[2Kb", "aKb"),
            ("\x1b]0;t", "\x1b]0;t"),
            ("\x1b[\x1b[1m", ""),
        ] {
            assert_eq!(super::stripped(line), plain);
        }
    }
}
