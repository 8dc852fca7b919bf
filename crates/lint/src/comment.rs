//! The comments of a YAML file. The tree does not have them: a `#` is one where it stands outside of every scalar.

use span::{FileId, Span};
use yaml::{Node, Style};

/// A comment, without the line break at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` on.
    pub span: Span,
    /// From 1.
    pub line: u32,
    /// Whether nothing else stands on its line.
    pub own_line: bool,
    /// What comes after the `#`, without blanks around it.
    pub text: String,
}

pub(crate) fn comments(file: FileId, text: &str, root: Option<&Node>) -> Vec<Comment> {
    let mut scalars = Vec::new();
    if let Some(root) = root {
        collect(root, &mut scalars);
    }
    scalars.sort_unstable();
    let mut next = 0;
    let mut found = Vec::new();
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let body = line.trim_end_matches(['\n', '\r']);
        let comment = body.match_indices('#').map(|(at, _)| at).find(|at| {
            let before = &body[..*at];
            let offset = (start + at) as u32;
            while scalars.get(next).is_some_and(|(_, end)| *end <= offset) {
                next += 1;
            }
            let inside = scalars.get(next).is_some_and(|(from, to)| *from <= offset && offset < *to);
            !inside && (before.is_empty() || before.ends_with([' ', '\t']))
        });
        if let Some(at) = comment {
            found.push(Comment {
                span: Span::new(file, start + at, start + body.len()),
                line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                own_line: body[..at].trim().is_empty(),
                text: body[at + 1..].trim().to_owned(),
            });
        }
        start += line.len();
    }
    found
}

/// The bytes of every scalar that can hold a `#`. A comment after a block's `|` belongs to none.
fn collect(node: &Node, out: &mut Vec<(u32, u32)>) {
    if node.alias.is_some() {
        return;
    }
    if let Some(scalar) = node.as_scalar() {
        let span = match scalar.style {
            Style::Literal | Style::Folded => scalar.content,
            _ => node.span,
        };
        if !span.is_empty() {
            out.push((span.start, span.end));
        }
    }
    node.items().iter().for_each(|item| collect(item, out));
    for (key, value) in node.entries() {
        collect(key, out);
        collect(value, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_outside_of_scalars() {
        let text = "# top\na: 1 # one\nb: 'x # no' # yes\nc: | # head\n  # script\n  y\nd: x#y\n  # own\n";
        let root = yaml::parse(FileId(0), text, &yaml::Limits::default()).unwrap();
        let found: Vec<_> = comments(FileId(0), text, Some(&root));
        let shown: Vec<_> = found.iter().map(|c| (c.line, c.own_line, c.text.as_str())).collect();
        assert_eq!(
            shown,
            [(1, true, "top"), (2, false, "one"), (3, false, "yes"), (4, false, "head"), (8, true, "own")]
        );
    }
}
