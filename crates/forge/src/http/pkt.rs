//! Lines with their length before them, as git speaks.

/// Ends a list.
pub(super) const FLUSH: &[u8] = b"0000";

/// The longest line, with its length.
pub(super) const LONGEST: usize = 65520;

/// What begins a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Flush,
    Delimiter,
    End,
    /// Bytes that follow.
    Data(usize),
}

/// Reads the four digits; `None` when they are no length.
pub(super) fn head(digits: [u8; 4]) -> Option<Head> {
    let text = std::str::from_utf8(&digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    match usize::from_str_radix(text, 16).ok()? {
        0 => Some(Head::Flush),
        1 => Some(Head::Delimiter),
        2 => Some(Head::End),
        3 => None,
        length if length <= LONGEST => Some(Head::Data(length - 4)),
        _ => None,
    }
}

/// One line.
pub(super) fn line(data: &[u8]) -> Vec<u8> {
    debug_assert!(data.len() + 4 <= LONGEST);
    let mut line = format!("{:04x}", data.len() + 4).into_bytes();
    line.extend_from_slice(data);
    line
}

/// Data on a band, in as many lines as it takes.
pub(super) fn band(number: u8, data: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(data.len() + 8);
    for chunk in data.chunks(LONGEST - 5) {
        lines.extend(format!("{:04x}", chunk.len() + 5).into_bytes());
        lines.push(number);
        lines.extend_from_slice(chunk);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_four_hex_digits_and_nothing_else() {
        let table: &[(&[u8; 4], Option<Head>)] = &[
            (b"0000", Some(Head::Flush)),
            (b"0001", Some(Head::Delimiter)),
            (b"0002", Some(Head::End)),
            (b"0003", None),
            (b"0004", Some(Head::Data(0))),
            (b"000A", Some(Head::Data(6))),
            (b"fff0", Some(Head::Data(65516))),
            (b"fff1", None),
            (b"ffff", None),
            (b"+123", None),
            (b" 123", None),
            (b"zzzz", None),
            (b"\xff\xff\xff\xff", None),
        ];
        for (digits, expected) in table {
            assert_eq!(head(**digits), *expected, "{digits:?}");
        }
    }
}
