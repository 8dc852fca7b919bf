//! From a file's bytes to text, as .NET reads text files.

/// Honours a byte order mark of UTF-8 or UTF-16 (PowerShell writes them) and puts U+FFFD where bytes are no text.
pub(super) fn decode(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks(2).map(|pair| match pair {
            [a, b] => unit([*a, *b]),
            _ => 0xfffd,
        });
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn marks_are_honoured() {
        assert_eq!(decode(b"\xef\xbb\xbfA=\xc3\xbc"), "A=ü");
        assert_eq!(decode(b"\xff\xfeA\0=\0"), "A=");
        assert_eq!(decode(b"\xfe\xff\0A\0=\0"), "A=\u{fffd}");
        assert_eq!(decode(b"A=\xff"), "A=\u{fffd}");
    }
}
