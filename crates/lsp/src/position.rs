//! Places as the protocol counts them: lines from 0, and within a line units of UTF-16, or bytes where the client
//! agreed to that.

use lsp_types::{Position, PositionEncodingKind, Range, TextDocumentContentChangeEvent};
use span::SourceFile;

/// What a `character` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    #[default]
    Utf16,
}

impl Encoding {
    /// Bytes if the client takes them, else what every client takes.
    pub(crate) fn agreed(offered: Option<&[PositionEncodingKind]>) -> Encoding {
        if offered.unwrap_or_default().contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 }
    }

    pub(crate) fn name(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn units(self, text: &str) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 => text.chars().map(char::len_utf16).sum(),
        }
    }
}

/// The place of a byte offset.
pub(crate) fn position(source: &SourceFile, offset: usize, encoding: Encoding) -> Position {
    let offset = source.text.floor_char_boundary(offset);
    let line = source.line(offset);
    let start = source.line_start(line);
    let cut = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: line.saturating_sub(1), character: cut(encoding.units(&source.text[start..offset])) }
}

pub(crate) fn range(source: &SourceFile, bytes: std::ops::Range<usize>, encoding: Encoding) -> Range {
    Range { start: position(source, bytes.start, encoding), end: position(source, bytes.end, encoding) }
}

/// The byte offset of a place; one past the end of its line is at the end of it, as the protocol wants.
pub(crate) fn offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(at) => start += at + 1,
            None => return text.len(),
        }
    }
    let line = text[start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
    let mut left = position.character as usize;
    for (at, c) in line.char_indices() {
        let units = match encoding {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
        };
        if left < units {
            return start + at;
        }
        left -= units;
    }
    start + line.len()
}

/// The text after changes, made in their order.
pub(crate) fn changed(mut text: String, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) -> String {
    for change in changes {
        match change.range {
            None => text = change.text,
            Some(range) => {
                let start = offset(&text, range.start, encoding);
                let end = offset(&text, range.end, encoding).max(start);
                text.replace_range(start..end, &change.text);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "on: push\nname: ü𝄞x\r\n\nend";

    #[test]
    fn places_and_offsets() {
        let mut sources = span::SourceMap::new();
        let file = sources.add("a.yml", TEXT);
        for (encoding, at, line, character) in [
            (Encoding::Utf16, 0, 0, 0),
            (Encoding::Utf16, 15, 1, 6),
            (Encoding::Utf16, 17, 1, 7),
            (Encoding::Utf16, 21, 1, 9),
            (Encoding::Utf8, 21, 1, 12),
            (Encoding::Utf16, 24, 2, 0),
            (Encoding::Utf16, 28, 3, 3),
        ] {
            let place = Position { line, character };
            assert_eq!(position(sources.file(file), at, encoding), place, "{at}");
            assert_eq!(offset(TEXT, place, encoding), at, "{place:?}");
        }
        // Past the end of a line, and past the end of the file.
        assert_eq!(offset(TEXT, Position { line: 1, character: 99 }, Encoding::Utf16), 22);
        assert_eq!(offset(TEXT, Position { line: 9, character: 0 }, Encoding::Utf16), TEXT.len());
    }

    #[test]
    fn changes_are_made_in_their_order() {
        let change = |start: (u32, u32), end: (u32, u32), text: &str| TextDocumentContentChangeEvent {
            range: Some(Range {
                start: Position { line: start.0, character: start.1 },
                end: Position { line: end.0, character: end.1 },
            }),
            range_length: None,
            text: text.to_owned(),
        };
        let changes =
            vec![change((0, 4), (0, 8), "[push]"), change((0, 10), (0, 10), " # 𝄞"), change((1, 0), (1, 4), "n")];
        let text = changed(TEXT.to_owned(), changes, Encoding::Utf16);
        assert_eq!(text, "on: [push] # 𝄞\nn: ü𝄞x\r\n\nend");
    }
}
