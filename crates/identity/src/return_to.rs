/// An address to go back to after a login: a path of this server, so that a link cannot lead elsewhere.
///
/// Browsers take a backslash for a slash and leave out tabs and line ends, so none of them may be in it.
#[must_use]
pub fn local_path(path: &str) -> &str {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && path.starts_with('/') && !path.starts_with("//") { path } else { "/" }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_login_leads_to_no_other_server() {
        for (path, expected) in [
            ("/team/app", "/team/app"),
            ("/team/app?branch=a%2Fb&page=2", "/team/app?branch=a%2Fb&page=2"),
            ("", "/"),
            ("team/app", "/"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\r\n/evil.example", "/"),
            ("/a b", "/"),
            ("/\u{2028}/evil.example", "/"),
        ] {
            assert_eq!(super::local_path(path), expected, "{path:?}");
        }
    }
}
