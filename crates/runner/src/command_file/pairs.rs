//! The grammar of `GITHUB_ENV`, `GITHUB_OUTPUT` and `GITHUB_STATE`.

use thiserror::Error;

use super::decode::decode;

/// One `NAME=VALUE`, or `NAME<<DELIMITER` with the lines up to the delimiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// May be empty in the one-line form.
    pub name: String,
    /// Any text. On a line of its own form a `\r` at the end belongs to it.
    pub value: String,
    /// Line it begins on, from 1.
    pub line: u32,
}

/// What a file says: all pairs up to the first error. Those count even when an error follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairs {
    /// In the order of the file.
    pub pairs: Vec<Pair>,
    /// What stopped the reading.
    pub error: Option<PairError>,
}

/// A line that is no pair.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
pub struct PairError {
    /// Line the pair begins on, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub kind: PairErrorKind,
}

/// What can be wrong with a pair.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PairErrorKind {
    /// Neither `=` nor `<<` in it.
    #[error("Invalid format '{0}': expected NAME=VALUE or NAME<<DELIMITER")]
    Format(String),
    /// `<<` without a name before or a delimiter after it.
    #[error("Invalid format '{0}': expected a name before and a delimiter after '<<'")]
    Heredoc(String),
    /// The file ends before the delimiter.
    #[error("Invalid value of '{name}': no line is exactly the delimiter '{delimiter}'")]
    Delimiter {
        /// Name before `<<`.
        name: String,
        /// Text after `<<`.
        delimiter: String,
    },
    /// The last line of the file is part of a value and is not ended.
    #[error("Invalid value of '{name}': the file ends without a line end before the delimiter '{delimiter}'")]
    LineEnd {
        /// Name before `<<`.
        name: String,
        /// Text after `<<`.
        delimiter: String,
    },
}

/// Reads a file of pairs. Whichever of `=` and `<<` comes first in a line decides its form.
#[must_use]
pub fn parse_pairs(bytes: &[u8]) -> Pairs {
    let text = decode(bytes);
    let mut lines = Lines { text: &text, at: 0, line: 0 };
    let mut out = Pairs::default();
    while let Some(line) = lines.next_line() {
        if line.text.is_empty() {
            continue;
        }
        let number = lines.line;
        match pair(line.text, &mut lines) {
            Ok((name, value)) => out.pairs.push(Pair { name, value, line: number }),
            Err(kind) => {
                out.error = Some(PairError { line: number, kind });
                break;
            }
        }
    }
    out
}

fn pair(line: &str, lines: &mut Lines<'_>) -> Result<(String, String), PairErrorKind> {
    let equals = line.find('=').unwrap_or(usize::MAX);
    let heredoc = line.find("<<").unwrap_or(usize::MAX);
    if equals < heredoc {
        return Ok((line[..equals].to_owned(), line[equals + 1..].to_owned()));
    }
    if heredoc == usize::MAX {
        return Err(PairErrorKind::Format(line.to_owned()));
    }
    let (name, delimiter) = (&line[..heredoc], &line[heredoc + 2..]);
    if name.is_empty() || delimiter.is_empty() {
        return Err(PairErrorKind::Heredoc(line.to_owned()));
    }
    let start = lines.at;
    let mut end = start;
    loop {
        match lines.next_line() {
            None => {
                return Err(PairErrorKind::Delimiter { name: name.to_owned(), delimiter: delimiter.to_owned() });
            }
            Some(line) if line.text == delimiter => {
                return Ok((name.to_owned(), lines.text[start..end].to_owned()));
            }
            Some(line) if !line.ended => {
                return Err(PairErrorKind::LineEnd { name: name.to_owned(), delimiter: delimiter.to_owned() });
            }
            Some(_) => end = lines.at - 1,
        }
    }
}

struct Line<'a> {
    text: &'a str,
    ended: bool,
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    fn next_line(&mut self) -> Option<Line<'a>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        self.line = self.line.saturating_add(1);
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let text = &rest[..end.unwrap_or(rest.len())];
        self.at += text.len() + usize::from(end.is_some());
        Some(Line { text, ended: end.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Vec<(String, String)>, Option<String>) {
        let Pairs { pairs, error } = parse_pairs(text.as_bytes());
        let pairs = pairs.into_iter().map(|pair| (pair.name, pair.value)).collect();
        (pairs, error.map(|error| error.to_string()))
    }

    #[test]
    fn pairs() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("\n\n", &[]),
            ("A=b", &[("A", "b")]),
            ("A=b=c\nD=\n", &[("A", "b=c"), ("D", "")]),
            ("=v", &[("", "v")]),
            ("B=a=b<<c", &[("B", "a=b<<c")]),
            ("A<<E=F\nx\nE=F", &[("A", "x")]),
            ("A=b\r\n", &[("A", "b\r")]),
            ("A<<E\nE\n", &[("A", "")]),
            ("A<<E\n\nE\n", &[("A", "")]),
            ("A<<E\n\n\nE\n", &[("A", "\n")]),
            ("A<<E\none\n\n two \nE\nB=c", &[("A", "one\n\n two "), ("B", "c")]),
            ("A<< E\nE\nx\n E\n", &[("A", "E\nx")]),
            ("A <<E\nx\nE", &[("A ", "x")]),
            ("A<<E\r\nx\r\nE\r\n", &[("A", "x\r")]),
            (" A = b ", &[(" A ", " b ")]),
        ];
        for (text, expected) in table {
            let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(read(text), (expected, None), "{text:?}");
        }
    }

    #[test]
    fn errors_name_the_line_and_keep_what_came_before() {
        let table = [
            ("A=b\n\nfoo\nC=d", 1, "line 3: Invalid format 'foo': expected NAME=VALUE or NAME<<DELIMITER"),
            ("<<E\nE", 0, "line 1: Invalid format '<<E': expected a name before and a delimiter after '<<'"),
            ("A<<\n", 0, "line 1: Invalid format 'A<<': expected a name before and a delimiter after '<<'"),
            ("A<<E\nx\n", 0, "line 1: Invalid value of 'A': no line is exactly the delimiter 'E'"),
            ("A<<E\nE \n", 0, "line 1: Invalid value of 'A': no line is exactly the delimiter 'E'"),
            ("A<<E\nxE", 0, "line 1: Invalid value of 'A': the file ends without a line end before the delimiter 'E'"),
        ];
        for (text, kept, message) in table {
            let (pairs, error) = read(text);
            assert_eq!((pairs.len(), error.as_deref()), (kept, Some(message)), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_pairs(&bytes);
        }

        #[test]
        fn heredocs_carry_any_text(value in any::<String>()) {
            prop_assume!(!value.split('\n').any(|line| line == "E_O_F"));
            let (pairs, error) = read(&format!("name<<E_O_F\n{value}\nE_O_F\n"));
            prop_assert_eq!((pairs, error), (vec![("name".to_owned(), value)], None));
        }
    }
}
