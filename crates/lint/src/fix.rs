//! Putting things right in the text itself: comments and layout stay, since only the bytes of an edit change.

use std::collections::HashMap;

use span::{FileId, Severity, Span};
use yaml::Node;

use crate::document::Document;

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

    /// Ends the lines that the fix puts in as the file's own are ended.
    pub(crate) fn break_lines(&mut self, line_break: &str) {
        for edit in self.edits.iter_mut().filter(|edit| line_break != "\n" && edit.text.contains('\n')) {
            edit.text = edit.text.replace('\n', line_break);
        }
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

/// As [`apply`], for the fixes of findings in a file: one after which the file has an error that it did not have, or lacks
/// something that the fix does not speak of, is left out, and so is every fix of a file whose bytes are not text.
pub fn mend(document: &Document, fixes: &[&Fix]) -> Fixed {
    let unchanged = || Fixed { text: document.text().to_owned(), applied: Vec::new() };
    if !document.is_exact {
        return unchanged();
    }
    let all = apply(document.file, document.text(), fixes);
    if all.applied.is_empty() || keeps(document, &all, fixes) {
        return all;
    }
    // One of them does harm: each is tried on top of those that do none.
    let mut good: Vec<usize> = Vec::new();
    let mut mended = unchanged();
    for index in all.applied {
        good.push(index);
        let chosen: Vec<&Fix> = good.iter().map(|index| fixes[*index]).collect();
        let tried = apply(document.file, document.text(), &chosen);
        if tried.applied.len() == chosen.len() && keeps(document, &tried, &chosen) {
            mended.text = tried.text;
        } else {
            good.pop();
        }
    }
    mended.applied = good;
    mended
}

/// Whether the file is still what it was, but for what the fixes that were made speak of.
fn keeps(document: &Document, fixed: &Fixed, fixes: &[&Fix]) -> bool {
    let edits: Vec<Span> = fixed.applied.iter().flat_map(|index| &fixes[*index].edits).map(|edit| edit.span).collect();
    let mut sources = span::SourceMap::new();
    let file = sources.add(&*document.path, fixed.text.as_str());
    let source = sources.file(file).clone();
    let new = Document::read(document.file, document.path.clone(), document.kind, source, document.linted);
    errors(&new) <= errors(document)
        && match (&document.yaml, &new.yaml) {
            (Some(old), Some(new)) => same(document.text(), old, new, &edits),
            (old, new) => old.is_none() == new.is_none(),
        }
}

fn errors(document: &Document) -> usize {
    document.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
}

/// Whether a tree has everything that another has. What an edit touches may be another text, what it covers may be gone,
/// and mappings in which something is changed may have more keys.
fn same(text: &str, old: &Node, new: &Node, edits: &[Span]) -> bool {
    // What comes after a comment on the last line is a part of it, too.
    let rest = text.get(old.span.end as usize..).and_then(|rest| rest.find('\n')).unwrap_or_default();
    let end = if old.as_scalar().is_some() { old.span.end as usize } else { old.span.end as usize + rest };
    let covered = |span: Span| edits.iter().any(|edit| !edit.is_empty() && edit.contains(span));
    let touched =
        old.alias.is_none() && edits.iter().any(|edit| edit.start as usize <= end && old.span.start <= edit.end);
    if touched && (covered(old.span) || old.as_scalar().is_some()) {
        return new.as_scalar().is_some() == old.as_scalar().is_some();
    }
    match (old.as_seq(), new.as_seq(), old.as_map(), new.as_map()) {
        (Some(old), Some(new), _, _) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(text, old, new, edits))
        }
        (_, _, Some(old), Some(new)) => {
            let known = numbered(new);
            (touched || old.len() == new.len())
                && numbered(old).into_iter().all(|(place, (key, value))| match known.get(&place) {
                    Some((_, new)) => same(text, value, new, edits),
                    None => covered(key.span),
                })
        }
        _ => old.describe_kind() == new.describe_kind() && old.text() == new.text(),
    }
}

/// The entries of a mapping by their keys. One that is there twice, which is a fault, has a number.
fn numbered(entries: &[(Node, Node)]) -> HashMap<(Option<&str>, usize), &(Node, Node)> {
    let mut counts: HashMap<Option<&str>, usize> = HashMap::new();
    let mut numbered = HashMap::with_capacity(entries.len());
    for entry in entries {
        let key = entry.0.text();
        let count = counts.entry(key).or_default();
        numbered.insert((key, *count), entry);
        *count += 1;
    }
    numbered
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
