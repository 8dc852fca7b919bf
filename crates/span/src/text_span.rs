use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A file of a [`SourceMap`](crate::SourceMap). Only meaningful with the map that gave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start` is in, `end` is out. Both lie on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// A span from byte offsets. Offsets beyond 4 GiB are cut there; an end before the start
    /// gives an empty span at the start.
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Span { file, start, end: end.max(start) }
    }

    /// An empty span: a place between two characters.
    pub fn point(file: FileId, offset: usize) -> Span {
        Span::new(file, offset, offset)
    }

    /// The smallest span that covers both. Spans of different files do not join: the first stays.
    pub fn join(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// The part of this span that begins `offset` bytes in and is `len` bytes long, cut at the
    /// span's own end.
    pub fn at(self, offset: usize, len: usize) -> Span {
        let start = (self.start as usize).saturating_add(offset).min(self.end as usize);
        let end = start.saturating_add(len).min(self.end as usize);
        Span::new(self.file, start, end)
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.range().len()
    }

    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The bytes as a range, to slice the file's text with.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    #[test]
    fn joins_cover_both_and_stay_in_one_file() {
        let a = Span::new(FILE, 4, 6);
        let b = Span::new(FILE, 9, 12);
        assert_eq!(a.join(b), Span::new(FILE, 4, 12));
        assert_eq!(b.join(a), Span::new(FILE, 4, 12));
        assert_eq!(a.join(Span::new(FileId(1), 0, 90)), a);
        assert!(a.join(b).contains(b));
        assert!(!a.contains(b));
    }

    #[test]
    fn parts_are_cut_at_the_end() {
        let span = Span::new(FILE, 10, 20);
        for (offset, len, expected) in
            [(0, 10, 10..20), (2, 3, 12..15), (2, 30, 12..20), (30, 1, 20..20), (usize::MAX, usize::MAX, 20..20)]
        {
            assert_eq!(span.at(offset, len).range(), expected);
        }
    }

    #[test]
    fn an_end_before_the_start_is_a_point() {
        assert!(Span::new(FILE, 9, 3).is_empty());
        assert_eq!(Span::new(FILE, 9, 3).len(), 0);
    }
}
