//! The words of a job's `options:` text.

/// Splits the text as GitHub's runner does when it starts docker: blanks separate, double quotes keep together, a
/// backslash counts only before a double quote, and single quotes are letters like any other. Line breaks separate too.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let mut count = 1;
                while letters.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let current = word.get_or_insert_default();
                if letters.peek() == Some(&'"') {
                    current.extend(std::iter::repeat_n('\\', count / 2));
                    if count % 2 == 1 {
                        letters.next();
                        current.push('"');
                    }
                } else {
                    current.extend(std::iter::repeat_n('\\', count));
                }
            }
            '"' => {
                let current = word.get_or_insert_default();
                if quoted && letters.next_if_eq(&'"').is_some() {
                    current.push('"');
                } else {
                    quoted = !quoted;
                }
            }
            ' ' | '\t' | '\n' | '\r' if !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    if quoted {
        return Err("a double quote is not closed".into());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_splitting() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("  --cpus 1\n  --init ", &["--cpus", "1", "--init"]),
            (r#"--health-cmd "redis-cli ping" --x"#, &["--health-cmd", "redis-cli ping", "--x"]),
            (r#"--health-cmd="a \"b\" c""#, &[r#"--health-cmd=a "b" c"#]),
            ("--name 'a b'", &["--name", "'a", "b'"]),
            (r"-v C:\x\y:z", &["-v", r"C:\x\y:z"]),
            (r#"-e A="" "" b"#, &["-e", "A=", "", "b"]),
            (r#""a""b""#, &[r#"a"b"#]),
            (r#"a\\"b c""#, &[r"a\b c"]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text).unwrap(), *expected, "{text}");
        }
        assert!(split(r#"--x "open"#).is_err());
    }
}
