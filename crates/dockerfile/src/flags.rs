//! `--name=value` between keyword and arguments.

use std::ops::Range;

use span::{Diagnostic, did_you_mean};

use crate::Word;
use crate::lines::Line;
use crate::statement::Statement;

/// One flag, quotes and escapes taken off.
pub(crate) struct Flag {
    pub(crate) word: Word,
}

/// What kind of value a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// `--link`, `--link=true`, `--link=false`.
    Bool,
    One,
    /// May be given several times.
    Many,
}

/// Flags that were asked for, with their values.
pub(crate) struct Flags {
    values: Vec<(&'static str, Word)>,
}

/// Cuts flags off; the second range is what is left.
pub(crate) fn split(line: &Line, range: Range<usize>, escape: char) -> (Vec<Flag>, Range<usize>) {
    let mut flags = Vec::new();
    let text = &line.text[range.clone()];
    let mut chars = text.char_indices().peekable();
    loop {
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some((start, _)) = chars.peek().copied() else {
            return (flags, range.end..range.end);
        };
        if !text[start..].starts_with("--") {
            return (flags, range.start + start..range.end);
        }
        let mut value = String::new();
        let mut quote = None;
        let mut end = text.len();
        while let Some((at, c)) = chars.next() {
            match quote {
                None if c.is_whitespace() => {
                    end = at;
                    break;
                }
                None if c == '\'' || c == '"' => quote = Some(c),
                Some(open) if c == open => quote = None,
                _ if c == escape => value.extend(chars.next().map(|(_, escaped)| escaped)),
                _ => value.push(c),
            }
        }
        // `--` alone ends the flags.
        if value == "--" {
            return (flags, range.start + end..range.end);
        }
        let span = line.span(range.start + start..range.start + end);
        flags.push(Flag { word: Word::new(value, span) });
    }
}

impl Statement<'_> {
    /// Reads the flags an instruction knows; others are errors.
    pub(crate) fn read_flags(&mut self, known: &[(&'static str, Takes)]) -> Flags {
        let mut values: Vec<(&'static str, Word)> = Vec::new();
        for flag in std::mem::take(&mut self.flags) {
            let Flag { word } = flag;
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.text.as_str(), None),
            };
            let bare = name.strip_prefix("--").unwrap_or(name);
            let Some((own, takes)) = known.iter().find(|(own, _)| *own == bare).copied() else {
                self.unknown_flag(&word, name, bare, known);
                continue;
            };
            if takes != Takes::Many && values.iter().any(|(other, _)| *other == own) {
                self.problem(
                    Diagnostic::error("dockerfile/duplicate-flag", format!("`{name}` is given twice"))
                        .at(word.part(0, name.len())),
                );
                continue;
            }
            let value = match (takes, value) {
                (Takes::Bool, None) => "true".to_owned(),
                (Takes::Bool, Some(value)) if ["true", "false"].contains(&value.to_ascii_lowercase().as_str()) => {
                    value.to_ascii_lowercase()
                }
                (Takes::Bool, Some(value)) => {
                    let message = format!("`{name}` is `true` or `false`, not `{value}`");
                    self.problem(Diagnostic::error("dockerfile/flag-value", message).at(word.span));
                    continue;
                }
                (_, None) => {
                    let message = format!("`{name}` needs a value");
                    let help = format!("write `{name}=…`");
                    self.problem(Diagnostic::error("dockerfile/flag-value", message).at(word.span).help(help));
                    continue;
                }
                (_, Some(value)) => value.to_owned(),
            };
            let span = if takes == Takes::Bool { word.span } else { word.part(name.len() + 1, value.len()) };
            values.push((own, Word::new(value, span)));
        }
        Flags { values }
    }

    fn unknown_flag(&mut self, word: &Word, name: &str, bare: &str, known: &[(&'static str, Takes)]) {
        let keyword = self.name();
        let diagnostic = Diagnostic::error("dockerfile/unknown-flag", format!("{keyword} has no flag `{name}`"))
            .at(word.part(0, name.len()));
        let help = match did_you_mean(bare, known.iter().map(|(own, _)| *own)) {
            Some(near) => format!("did you mean `--{near}`?"),
            None if known.is_empty() => {
                format!("{keyword} has no flags; `--` before an argument that begins with `--` keeps it")
            }
            None => {
                let names: Vec<String> = known.iter().map(|(own, _)| format!("`--{own}`")).collect();
                format!("{keyword} has {}", names.join(", "))
            }
        };
        self.problem(diagnostic.help(help));
    }
}

impl Flags {
    pub(crate) fn one(&self, name: &str) -> Option<Word> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, word)| word.clone())
    }

    pub(crate) fn many(&self, name: &str) -> Vec<Word> {
        self.values.iter().filter(|(own, _)| *own == name).map(|(_, word)| word.clone()).collect()
    }

    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        self.one(name).map(|word| word.text == "true")
    }

    pub(crate) fn set(&self, name: &str) -> bool {
        self.bool(name) == Some(true)
    }
}

/// A boolean as Go reads one.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
