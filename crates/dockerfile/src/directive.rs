//! `# syntax=`, `# escape=` and `# check=` at the top of a file.

use std::ops::Range;

use span::{Diagnostic, FileId, Span};

use crate::Word;
use crate::check::CheckOptions;

pub(crate) struct Directives {
    pub(crate) syntax: Option<Word>,
    pub(crate) escape: char,
    pub(crate) check: CheckOptions,
    /// Where the rest of the file begins.
    pub(crate) end: usize,
}

/// Reads the directives: they end at the first line that is none, be it a comment, empty or an instruction.
pub(crate) fn read(file: FileId, text: &str, problems: &mut Vec<Diagnostic>) -> Directives {
    let mut directives = Directives { syntax: None, escape: '\\', check: CheckOptions::default(), end: 0 };
    let mut seen: Vec<(&str, Span)> = Vec::new();
    let mut at = 0;
    if text.starts_with('\u{feff}') {
        at = '\u{feff}'.len_utf8();
    }
    if text[at..].starts_with("#!") {
        at += text[at..].find('\n').map_or(text.len() - at, |found| found + 1);
    }
    directives.end = at;
    for line in text[at..].split_inclusive('\n') {
        let start = directives.end;
        let Some((name, value)) = split(line) else { break };
        let Some(name) =
            ["syntax", "escape", "check"].into_iter().find(|own| own.eq_ignore_ascii_case(&line[name.clone()]))
        else {
            break;
        };
        directives.end += line.len();
        let span = Span::new(file, start + value.start, start + value.end);
        if let Some((_, first)) = seen.iter().find(|(own, _)| *own == name) {
            problems.push(
                Diagnostic::error("dockerfile/directive", format!("`# {name}` is given twice"))
                    .at(span)
                    .related(*first, "first given here"),
            );
            continue;
        }
        seen.push((name, span));
        let value = &line[value];
        match name {
            // Arguments of a frontend may follow the image.
            "syntax" => directives.syntax = Some(Word::new(value.split(' ').next().unwrap_or_default(), span)),
            "escape" => match value {
                "\\" | "`" => directives.escape = if value == "`" { '`' } else { '\\' },
                _ => problems.push(
                    Diagnostic::error("dockerfile/directive", format!("`{value}` cannot be the escape character"))
                        .at(span)
                        .help("it is `\\` or a backtick"),
                ),
            },
            _ => match CheckOptions::parse(value.split(' ').next().unwrap_or_default()) {
                Ok(check) => directives.check = check,
                Err(why) => problems.push(
                    Diagnostic::error("dockerfile/directive", why)
                        .at(span)
                        .help("as in `# check=skip=JSONArgsRecommended,StageNameCasing;error=true`"),
                ),
            },
        }
    }
    directives
}

/// `# name = value`: the places of name and value in the line.
fn split(line: &str) -> Option<(Range<usize>, Range<usize>)> {
    let text = line.trim_start().strip_prefix('#')?.trim_start();
    let start = line.len() - text.len();
    let name_len = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let value = text[name_len..].trim_start().strip_prefix('=')?.trim_start();
    let value_start = line.len() - value.len();
    let value = value.trim_end();
    (!value.is_empty()).then(|| (start..start + name_len, value_start..value_start + value.len()))
}
