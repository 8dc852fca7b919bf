//! The grammar of `GITHUB_PATH`.

use super::decode::decode;

/// One directory a line; empty lines say nothing. Lines end with `\n`, `\r\n` or `\r`.
#[must_use]
pub fn parse_paths(bytes: &[u8]) -> Vec<String> {
    decode(bytes).split(['\n', '\r']).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::parse_paths;

    #[test]
    fn one_a_line() {
        assert_eq!(parse_paths(b"/a\r\n\n/b c\r/d"), ["/a", "/b c", "/d"]);
        assert!(parse_paths(b"").is_empty());
    }
}
