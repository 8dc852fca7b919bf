//! As much of JavaScript as it takes to see that a script cannot be one: strings, comments and brackets that do not end.

use std::ops::Range;

/// What is wrong, and where in the script.
pub(crate) struct ScriptProblem {
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
}

/// The first thing that keeps a text from being JavaScript, as far as it is seen here. `${{ }}` stands for a value.
pub(crate) fn problem(text: &str) -> Option<ScriptProblem> {
    Reader { text, bytes: text.as_bytes(), at: 0, open: Vec::new(), value_before: false }.read()
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Brackets that are open, with their places; a template's `${` is `$`.
    open: Vec<(u8, usize)>,
    /// Whether a value stands before, after which a slash divides.
    value_before: bool,
}

/// After these a slash starts a regular expression.
const WORDS_BEFORE_VALUES: &[&str] = &[
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "else",
    "do",
    "await",
    "yield",
    "instanceof",
];

impl Reader<'_> {
    fn read(mut self) -> Option<ScriptProblem> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'$' if self.text[self.at..].starts_with("${{") => {
                    self.at = self.text[self.at..].find("}}").map_or(self.bytes.len(), |end| self.at + end + 2);
                    self.value_before = true;
                }
                b'\'' | b'"' => {
                    if let Some(problem) = self.string(byte) {
                        return Some(problem);
                    }
                }
                b'`' => {
                    if let Some(problem) = self.template(self.at) {
                        return Some(problem);
                    }
                }
                b'/' => {
                    if let Some(problem) = self.slash() {
                        return Some(problem);
                    }
                }
                b'(' | b'[' | b'{' => {
                    self.open.push((byte, self.at));
                    self.at += 1;
                    self.value_before = false;
                }
                b')' | b']' | b'}' => {
                    if let Some(problem) = self.close(byte) {
                        return Some(problem);
                    }
                }
                _ if is_word(byte) => self.word(),
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ => {
                    self.at += 1;
                    self.value_before = false;
                }
            }
        }
        let (bracket, at) = self.open.pop()?;
        let shown = if bracket == b'$' { "${" } else { &self.text[at..=at] };
        Some(ScriptProblem { at: at..at + 1, message: format!("this `{shown}` is never closed") })
    }

    fn word(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| is_word(*byte)) {
            self.at += 1;
        }
        self.value_before = !WORDS_BEFORE_VALUES.contains(&&self.text[start..self.at]);
    }

    fn close(&mut self, byte: u8) -> Option<ScriptProblem> {
        let at = self.at;
        self.at += 1;
        self.value_before = true;
        match (self.open.pop(), byte) {
            (Some((b'(', _)), b')') | (Some((b'[', _)), b']') | (Some((b'{', _)), b'}') => None,
            // The text of a template goes on.
            (Some((b'$', start)), b'}') => self.template_rest(start),
            (open, _) => {
                let close = char::from(byte);
                let message = match open {
                    Some((open, _)) => {
                        format!("this `{close}` does not close `{}`", if open == b'$' { '{' } else { char::from(open) })
                    }
                    None => format!("this `{close}` closes nothing"),
                };
                Some(ScriptProblem { at: at..at + 1, message })
            }
        }
    }

    fn string(&mut self, quote: u8) -> Option<ScriptProblem> {
        let start = self.at;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'$' if self.text[self.at..].starts_with("${{") => {
                    self.at = self.text[self.at..].find("}}").map_or(self.bytes.len(), |end| self.at + end + 2);
                }
                b'\n' => break,
                _ if byte == quote => {
                    self.at += 1;
                    self.value_before = true;
                    return None;
                }
                _ => self.at += 1,
            }
        }
        Some(ScriptProblem { at: start..start + 1, message: "this text is never closed on its line".to_owned() })
    }

    /// From the backquote on.
    fn template(&mut self, start: usize) -> Option<ScriptProblem> {
        self.at += 1;
        self.template_rest(start)
    }

    fn template_rest(&mut self, start: usize) -> Option<ScriptProblem> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    self.value_before = true;
                    return None;
                }
                b'$' if self.text[self.at..].starts_with("${{") => {
                    self.at = self.text[self.at..].find("}}").map_or(self.bytes.len(), |end| self.at + end + 2);
                }
                b'$' if self.bytes.get(self.at + 1) == Some(&b'{') => {
                    self.open.push((b'$', start));
                    self.at += 2;
                    self.value_before = false;
                    return None;
                }
                _ => self.at += 1,
            }
        }
        Some(ScriptProblem { at: start..start + 1, message: "this template is never closed".to_owned() })
    }

    fn slash(&mut self) -> Option<ScriptProblem> {
        let rest = &self.text[self.at..];
        if rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            let Some(end) = rest.find("*/") else {
                return Some(ScriptProblem {
                    at: self.at..self.at + 2,
                    message: "this comment is never closed".to_owned(),
                });
            };
            self.at += end + 2;
        } else if self.value_before {
            self.at += 1;
            self.value_before = false;
        } else {
            self.regex();
        }
        None
    }

    /// A regular expression, or, if it does not end on its line, a division after all.
    fn regex(&mut self) {
        let start = self.at;
        let mut in_class = false;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => break,
                b'\\' => self.at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.at += 1;
                    self.value_before = true;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = start + 1;
    }
}

/// Letters beyond ASCII are letters of names too.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn only_what_cannot_be_javascript_is_told() {
        for (text, expected) in [
            ("const a = [1, {b: 'x)'}];\nreturn a.map((x) => `${x + `${1}`} }`)", None),
            ("if (/[)/(]/.test(x)) { y = a / b / c }", None),
            ("// it's fine\n/* ( */ f()", None),
            ("core.setOutput('x', ${{ toJSON(github) }})", None),
            ("const s = '${{ github.ref }}' + \"it's\"", None),
            ("const r = x.replace(/'/g, '\"')", None),
            ("f({", Some("this `{` is never closed")),
            ("f(]", Some("this `]` does not close `(`")),
            ("f())", Some("this `)` closes nothing")),
            ("const s = 'abc\nf()", Some("this text is never closed on its line")),
            ("const s = `abc", Some("this template is never closed")),
            ("f(`${g(`)", Some("this template is never closed")),
            ("/* x", Some("this comment is never closed")),
        ] {
            assert_eq!(problem(text).map(|problem| problem.message).as_deref(), expected, "{text}");
        }
    }
}
