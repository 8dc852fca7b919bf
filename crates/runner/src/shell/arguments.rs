//! From a template to arguments, by the rules of .NET, which GitHub's runner leaves this to.

/// `string.Format` with one value: `{0}` is the value, `{{` and `}}` are braces, anything else with braces is an error.
pub(super) fn formatted(template: &str, value: &str) -> Option<String> {
    let mut out = String::with_capacity(template.len() + value.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (text, length) = match rest.as_bytes() {
            [b'{', b'{', ..] => ("{", 2),
            [b'}', b'}', ..] => ("}", 2),
            [b'{', b'0', b'}', ..] => (value, 3),
            _ => return None,
        };
        out.push_str(text);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Some(out)
}

/// Splits a line at blanks outside of double quotes. `\"` is a quote, and backslashes before a quote count in pairs,
/// as in ProcessStartInfo.Arguments.
pub(super) fn split(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut current: Option<String> = None;
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let mut count = 1;
                while chars.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let argument = current.get_or_insert_default();
                if chars.peek() == Some(&'"') {
                    argument.extend(std::iter::repeat_n('\\', count / 2));
                    if count % 2 == 1 {
                        chars.next();
                        argument.push('"');
                    }
                } else {
                    argument.extend(std::iter::repeat_n('\\', count));
                }
            }
            '"' => {
                let argument = current.get_or_insert_default();
                // Two quotes within quotes are one quote.
                if quoted && chars.next_if_eq(&'"').is_some() {
                    argument.push('"');
                } else {
                    quoted = !quoted;
                }
            }
            ' ' | '\t' if !quoted => out.extend(current.take()),
            c => current.get_or_insert_default().push(c),
        }
    }
    out.extend(current);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("  a\tb ", &["a", "b"]),
            ("\"a b\" c\"d e\"f", &["a b", "cd ef"]),
            ("\"\" x", &["", "x"]),
            (r#"a\"b "c\\" \d"#, &["a\"b", "c\\", "\\d"]),
            ("\"a\"\"b\"", &["a\"b"]),
            ("\"open end", &["open end"]),
        ];
        for (line, expected) in table {
            assert_eq!(split(line), *expected, "{line}");
        }
    }

    #[test]
    fn formatting() {
        assert_eq!(formatted("a {0}{{{0}}} b", "X").as_deref(), Some("a X{X} b"));
        for bad in ["{1}", "{", "}", "{0", "{0:x}", "{}"] {
            assert_eq!(formatted(bad, "X"), None, "{bad}");
        }
    }
}
