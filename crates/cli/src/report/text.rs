//! Text that fits: widths, cut ends, durations, sizes; step output made safe for a terminal.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// At most `columns` wide; what is cut off is shown as `…`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = take(text.chars(), columns.saturating_sub(1));
    if columns > 0 {
        out.push('…');
    }
    out
}

/// At most `columns` wide; what is left out is in the middle, since names of matrix legs differ at the end.
pub(crate) fn cut_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns || columns < 5 {
        return cut(text, columns);
    }
    let mut out = take(text.chars(), columns / 2);
    let tail = take(text.chars().rev(), columns - width(&out) - 1);
    out.push('…');
    out.extend(tail.chars().rev());
    out
}

fn take(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|char| {
            used += char.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

/// Filled up with blanks to `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `38ms`, `0.4s`, `12.3s`, `2m05s`, `1h02m`
pub(crate) fn duration(micros: i64) -> String {
    let tenths = micros.max(0) / 100_000;
    let seconds = tenths / 10;
    match seconds {
        0 if tenths == 0 => format!("{}ms", micros.max(0) / 1000),
        0..60 => format!("{seconds}.{}s", tenths % 10),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `12s`, `2m05s`: for a clock that ticks.
pub(crate) fn clock(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    if seconds < 60 { format!("{seconds}s") } else { duration(micros) }
}

/// `just now`, `5m ago`, `3d ago`
pub(crate) fn age(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    match seconds {
        0..10 => "just now".to_owned(),
        10..60 => format!("{seconds}s ago"),
        60..3600 => format!("{}m ago", seconds / 60),
        3600..86_400 => format!("{}h ago", seconds / 3600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

/// `17 B`, `4.2 KiB`
pub(crate) fn size(bytes: u64) -> String {
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 0);
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, units[unit]),
    }
}

/// `1 job`, `2 jobs`
pub(crate) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// As a shell takes it for one word.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Colours that a step's output has switched on and not off again; they last over line ends.
#[derive(Debug, Default)]
pub(crate) struct Colours {
    active: String,
}

impl Colours {
    /// One line of a step for a terminal that others write to as well: colours stay, everything that moves the cursor
    /// or changes the terminal goes.
    pub(crate) fn line(&mut self, bytes: &[u8], colour: bool) -> String {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        if self.active.is_empty() && !text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return text.to_owned();
        }
        let mut out = if colour { self.active.clone() } else { String::new() };
        let mut coloured = !out.is_empty();
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (sequence, after) = rest.split_at(control_length(rest));
            if let Some(codes) = sequence.strip_prefix("\u{1b}[").and_then(|s| s.strip_suffix('m')) {
                self.switch(codes, sequence);
                if colour {
                    out.push_str(sequence);
                    coloured = true;
                }
            }
            rest = after;
        }
        out.push_str(rest);
        if coloured && !out.ends_with("\u{1b}[0m") {
            out.push_str("\u{1b}[0m");
        }
        out
    }

    fn switch(&mut self, codes: &str, sequence: &str) {
        let from_reset = codes.is_empty() || codes == "0" || codes.starts_with("0;");
        // What no sane output does must not grow without bounds.
        if from_reset || self.active.len() > 128 {
            self.active.clear();
        }
        if !(codes.is_empty() || codes == "0" || codes.ends_with(";0")) {
            self.active.push_str(sequence);
        } else {
            self.active.clear();
        }
    }
}

/// Bytes of the control sequence or character that the text begins with.
fn control_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let first = text.chars().next().map_or(1, char::len_utf8);
    match bytes.get(..2) {
        Some(b"\x1b[") => {
            let end = bytes[2..].iter().position(|byte| !(0x20..0x40).contains(byte));
            // Broken off, or not ended by what may end it: only the escape goes.
            match end.map(|end| end + 2) {
                Some(end) if (0x40..0x7f).contains(&bytes[end]) => end + 1,
                _ => 2,
            }
        }
        Some(b"\x1b]") => {
            // Titles and links end with BEL or ESC \.
            let end = text.find('\u{7}').map(|at| at + 1);
            let other = text[2..].find("\u{1b}\\").map(|at| at + 4);
            match (end, other) {
                (Some(a), Some(b)) => a.min(b),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => 2,
            }
        }
        Some([0x1b, 0x20..0x7f]) => 2,
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_sizes_ages() {
        for (micros, short) in [
            (0, "0ms"),
            (-5, "0ms"),
            (38_900, "38ms"),
            (100_000, "0.1s"),
            (449_999, "0.4s"),
            (59_999_999, "59.9s"),
            (60_000_000, "1m00s"),
            (3_599_000_000, "59m59s"),
            (3_720_000_000, "1h02m"),
        ] {
            assert_eq!(duration(micros), short);
        }
        for (bytes, expected) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (4300, "4.1 KiB"), (5 << 30, "5.0 GiB")]
        {
            assert_eq!(size(bytes), expected);
        }
        assert_eq!(age(3_600_000_000 * 50), "2d ago");
        assert_eq!(size(u64::MAX), "1677721.5 TiB");
    }

    #[test]
    fn cutting() {
        for (text, columns, end, middle) in [
            ("build", 5, "build", "build"),
            ("build", 4, "bui…", "bui…"),
            ("test (ubuntu, 1.23)", 11, "test (ubun…", "test …1.23)"),
            ("日本語テキスト", 7, "日本語…", "日…スト"),
            ("x", 0, "", ""),
        ] {
            assert_eq!(cut(text, columns), end);
            assert_eq!(cut_middle(text, columns), middle);
        }
    }

    #[test]
    fn what_moves_the_cursor_goes() {
        for (line, with, without) in [
            ("plain\n", "plain", "plain"),
            ("tab\tstays", "tab\tstays", "tab\tstays"),
            ("\x1b[1mb\x1b[0m", "\x1b[1mb\x1b[0m", "b"),
            ("\x1b[31mred", "\x1b[31mred\x1b[0m", "red"),
            ("a\x1b[2K\x1b[1Ab", "ab", "ab"),
            ("a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", "abc", "abc"),
            ("a\x1b", "a", "a"),
            ("a\x1b[12", "a12", "a12"),
            ("a\x1b[é", "aé", "aé"),
            ("a\x1b]é", "aé", "aé"),
            ("a\x1bcb\x08\x7f\u{9b}", "ab", "ab"),
        ] {
            assert_eq!(Colours::default().line(line.as_bytes(), true), with, "{line:?}");
            assert_eq!(Colours::default().line(line.as_bytes(), false), without, "{line:?}");
        }
        assert_eq!(Colours::default().line(b"\xff", true), "\u{fffd}");
    }

    #[test]
    fn colours_last_over_lines() {
        let mut colours = Colours::default();
        assert_eq!(colours.line(b"\x1b[31mred", true), "\x1b[31mred\x1b[0m");
        assert_eq!(colours.line(b"still", true), "\x1b[31mstill\x1b[0m");
        assert_eq!(colours.line(b"off\x1b[0m", true), "\x1b[31moff\x1b[0m");
        assert_eq!(colours.line(b"plain", true), "plain");
    }

    #[test]
    fn words_for_a_shell() {
        for (text, word) in [("build", "build"), ("test (1)", "'test (1)'"), ("it's", r"'it'\''s'"), ("", "''")] {
            assert_eq!(shell_word(text), word);
        }
    }
}
