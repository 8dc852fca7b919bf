use std::sync::Arc;

use crate::{FileId, Span};

/// The files that spans point into.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    unknown: SourceFile,
}

/// One file as it was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The name shown to people: a path relative to the repository where there is one.
    pub name: Arc<str>,
    pub text: Arc<str>,
    line_starts: Arc<[u32]>,
}

/// A place as people and editors count it: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl SourceMap {
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Takes a file in. The text must be the same that is parsed under the returned id.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile::new(name.into(), text.into()));
        id
    }

    /// The file of that id; an empty file named `<unknown>` if the id is of another map.
    pub fn file(&self, id: FileId) -> &SourceFile {
        self.files.get(id.0 as usize).unwrap_or(&self.unknown)
    }

    /// Every file, in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// Where a span begins.
    pub fn position(&self, span: Span) -> Position {
        self.file(span.file).position(span.start as usize)
    }

    /// Where a span ends: the place after its last character.
    pub fn end_position(&self, span: Span) -> Position {
        self.file(span.file).position(span.end as usize)
    }

    /// The text under a span, cut to the file and to character boundaries.
    pub fn text(&self, span: Span) -> &str {
        let text = &*self.file(span.file).text;
        let start = text.floor_char_boundary(span.start as usize);
        let end = text.floor_char_boundary(span.end as usize).max(start);
        &text[start..end]
    }
}

impl SourceFile {
    fn new(name: Arc<str>, text: Arc<str>) -> SourceFile {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let after = breaks.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
        let line_starts = std::iter::once(0).chain(after).collect();
        SourceFile { name, text, line_starts }
    }

    /// The position of a byte offset; offsets past the end are at the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let (start, line) = self.line_at(offset);
        let column = self.text[start..offset].chars().count() + 1;
        Position { line, column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    /// The number of the line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> u32 {
        self.line_at(offset).1
    }

    /// The byte offset at which a line starts, counted from 1; the end of the text for lines that are not there.
    pub fn line_start(&self, line: u32) -> usize {
        let start = (line as usize).checked_sub(1).and_then(|index| self.line_starts.get(index));
        start.map_or(self.text.len(), |start| *start as usize)
    }

    /// Where the line of an offset starts, and its number from 1.
    pub(crate) fn line_at(&self, offset: usize) -> (usize, u32) {
        let line = self.line_starts.partition_point(|start| *start as usize <= offset).max(1);
        let start = self.line_starts.get(line - 1).map_or(0, |start| *start as usize);
        (start, u32::try_from(line).unwrap_or(u32::MAX))
    }
}

impl Default for SourceFile {
    fn default() -> SourceFile {
        SourceFile::new("<unknown>".into(), "".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut map = SourceMap::new();
        let id = map.add("a.yml", "on: push\nnäme: ü\r\n\nend");
        for (offset, line, column) in
            [(0, 1, 1), (8, 1, 9), (9, 2, 1), (12, 2, 3), (16, 2, 7), (20, 3, 1), (21, 4, 1), (24, 4, 4), (9000, 4, 4)]
        {
            let position = map.position(Span::new(id, offset, offset));
            assert_eq!(position, Position { line, column }, "offset {offset}");
        }
    }

    #[test]
    fn text_and_end_position_of_a_span() {
        let mut map = SourceMap::new();
        let id = map.add("a.yml", "on: push\nname: x\n");
        let span = Span::new(id, 4, 13);
        assert_eq!(map.text(span), "push\nname");
        assert_eq!(map.end_position(span), Position { line: 2, column: 5 });
    }

    #[test]
    fn a_foreign_id_gives_an_empty_file() {
        let map = SourceMap::new();
        let span = Span::new(FileId(7), 3, 9);
        assert_eq!(&*map.file(FileId(7)).name, "<unknown>");
        assert_eq!(map.text(span), "");
        assert_eq!(map.position(span), Position { line: 1, column: 1 });
    }
}
