//! Putting things right in the text itself: comments and layout stay, since only the bytes of an edit change.

use span::{FileId, Span};

/// One way to put a finding right: all of its edits, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// An imperative, no full stop: `pin to the commit of v4.2.2`.
    pub title: String,
    pub safety: Safety,
    pub edits: Vec<Edit>,
}

/// Whether a fix can change what a workflow does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// What the workflow does stays the same, the fault aside: `--fix` makes it.
    Safe,
    /// A person has to look at it: `--unsafe-fixes` makes it.
    Unsafe,
}

/// Other text for a span; an empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

impl Fix {
    pub fn safe(title: impl Into<String>) -> Fix {
        Fix { title: title.into(), safety: Safety::Safe, edits: Vec::new() }
    }

    pub fn unsafe_(title: impl Into<String>) -> Fix {
        Fix { title: title.into(), safety: Safety::Unsafe, edits: Vec::new() }
    }

    /// Puts `text` in the place of a span.
    #[must_use]
    pub fn replace(mut self, span: Span, text: impl Into<String>) -> Fix {
        self.edits.push(Edit { span, text: text.into() });
        self
    }

    /// Puts `text` before the byte `offset`.
    #[must_use]
    pub fn insert(self, file: FileId, offset: usize, text: impl Into<String>) -> Fix {
        self.replace(Span::point(file, offset), text)
    }

    /// Takes a span away.
    #[must_use]
    pub fn remove(self, span: Span) -> Fix {
        self.replace(span, "")
    }
}

/// A file's text after fixes.
#[derive(Debug, PartialEq, Eq)]
pub struct Fixed {
    pub text: String,
    /// Indices of the fixes that were made, in the order in which they were given.
    pub applied: Vec<usize>,
}

/// Makes the fixes that concern `file`, in their order. One whose edits overlap those of an earlier one is left out as
/// a whole, and so is one that also changes another file: run again for these.
pub fn apply(file: FileId, text: &str, fixes: &[&Fix]) -> Fixed {
    let mut accepted: Vec<&Edit> = Vec::new();
    let mut applied = Vec::new();
    for (index, fix) in fixes.iter().enumerate() {
        let fits = !fix.edits.is_empty()
            && fix.edits.iter().enumerate().all(|(at, edit)| {
                edit.span.file == file
                    && text.get(edit.span.range()).is_some()
                    && !accepted.iter().any(|earlier| overlap(earlier, edit))
                    && !fix.edits[..at].iter().any(|earlier| overlap(earlier, edit))
            });
        // The same edit asked for twice, as by an alias, is made once.
        if fits {
            accepted.extend(&fix.edits);
            applied.push(index);
        }
    }
    accepted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in accepted {
        let range = edit.span.range();
        out.push_str(&text[at..range.start]);
        out.push_str(&edit.text);
        at = range.end;
    }
    out.push_str(&text[at..]);
    Fixed { text: out, applied }
}

/// Two edits at one place conflict, two that only touch do not.
fn overlap(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (a.span, b.span);
    if a.file != b.file {
        return false;
    }
    (a.start < b.end && b.start < a.end) || (a.start == b.start && (a.is_empty() == b.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    fn replace(start: usize, end: usize, text: &str) -> Fix {
        Fix::safe("x").replace(Span::new(FILE, start, end), text)
    }

    #[test]
    fn edits_change_nothing_but_their_bytes() {
        let text = "a: 1 # one\nb: 2\n";
        let fixes = [replace(3, 4, "11"), replace(14, 15, ""), replace(16, 16, "c: 3\n")];
        let fixed = apply(FILE, text, &fixes.iter().collect::<Vec<_>>());
        assert_eq!(fixed.text, "a: 11 # one\nb: \nc: 3\n");
        assert_eq!(fixed.applied, [0, 1, 2]);
    }

    #[test]
    fn a_fix_that_overlaps_an_earlier_one_is_left_out_whole() {
        let text = "0123456789";
        let two = replace(0, 1, "x").replace(Span::new(FILE, 4, 7), "y");
        let fixes = [replace(5, 6, "five"), two, replace(6, 7, "six"), replace(2, 2, "i"), replace(2, 2, "j")];
        let fixed = apply(FILE, text, &fixes.iter().collect::<Vec<_>>());
        assert_eq!(fixed.text, "01i234fivesix789");
        assert_eq!(fixed.applied, [0, 2, 3]);
    }

    #[test]
    fn spans_of_other_files_and_beyond_the_end_are_refused() {
        let other = Fix::safe("x").replace(Span::new(FileId(3), 0, 1), "x");
        let far = replace(90, 91, "x");
        assert_eq!(apply(FILE, "abc", &[&other, &far]), Fixed { text: "abc".into(), applied: Vec::new() });
    }
}
