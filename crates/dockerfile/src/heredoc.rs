//! `<<NAME` on an instruction's line.

use std::ops::Range;

use crate::expand::{Lexer, NoVariables};

/// `<<NAME`, `<<-NAME`, `<<"NAME"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) name: String,
    pub(crate) expand: bool,
    pub(crate) strip_tabs: bool,
}

impl Marker {
    /// What a whole word asks for, if it is a here-document at all.
    pub(crate) fn of_word(word: &str) -> Option<Marker> {
        // A file descriptor in front belongs to the shell.
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (strip_tabs, rest) = match rest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let rest = rest.trim_start();
        if rest.is_empty() || rest.contains('<') {
            return None;
        }
        let lexer = Lexer { keep_unset: true, ..Lexer::new('\\') };
        let plain = lexer.run(rest, &NoVariables).ok()?.words;
        let [name] = plain.as_slice() else { return None };
        let raw = Lexer { raw_quotes: true, ..lexer }.run(rest, &NoVariables).ok()?.words;
        // Any quote around a part of the name turns expansion off.
        let quotes = |text: &str| text.matches(['\'', '"']).count();
        let expand = raw.first().is_some_and(|raw| quotes(raw) == quotes(name));
        Some(Marker { name: name.clone(), expand, strip_tabs })
    }

    /// All here-documents a line asks for, with the places of their words. A line whose quotes do not close has none.
    pub(crate) fn of_line(line: &str) -> Vec<(Marker, Range<usize>)> {
        if !line.contains("<<") {
            return Vec::new();
        }
        let lexer = Lexer { raw_quotes: true, raw_escapes: true, keep_unset: true, ..Lexer::new('\\') };
        let Ok(expansion) = lexer.run(line, &NoVariables) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut from = 0;
        for word in &expansion.words {
            // Nothing was changed in the words, so that they are found again one after the other.
            let Some(at) = line[from..].find(word.as_str()).map(|at| from + at) else { continue };
            from = at + word.len();
            if let Some(marker) = Marker::of_word(word) {
                found.push((marker, at..from));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers() {
        let marker = |name: &str, expand, strip_tabs| Some(Marker { name: name.to_owned(), expand, strip_tabs });
        for (word, expected) in [
            ("<<EOF", marker("EOF", true, false)),
            ("<<-EOF", marker("EOF", true, true)),
            ("<<\"EOF\"", marker("EOF", false, false)),
            ("<<'EOF'", marker("EOF", false, false)),
            ("<<E'O'F", marker("EOF", false, false)),
            ("<<-'EOF'", marker("EOF", false, true)),
            ("<< EOF", marker("EOF", true, false)),
            ("3<<EOF", marker("EOF", true, false)),
            ("<<a.txt", marker("a.txt", true, false)),
            ("<<$X", marker("$X", true, false)),
            ("<<<EOF", None),
            ("<<", None),
            ("<EOF", None),
            ("x<<EOF", None),
            ("EOF", None),
        ] {
            assert_eq!(Marker::of_word(word), expected, "{word}");
        }
    }

    #[test]
    fn markers_of_a_line() {
        let names = |line: &str| -> Vec<String> {
            Marker::of_line(line).into_iter().map(|(marker, at)| format!("{} {}", marker.name, &line[at])).collect()
        };
        assert_eq!(names("RUN cat <<A - <<-\"B\" > x"), ["A <<A", "B <<-\"B\""]);
        assert_eq!(names("RUN cat << A"), ["A << A"]);
        assert!(names("RUN echo '<<A' \"<<B\"").is_empty());
        assert!(names("RUN echo it's <<A").is_empty());
        assert!(names("RUN echo $((1 <<2))").len() == 1);
    }
}
