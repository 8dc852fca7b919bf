//! Comments that silence rules.
//!
//! `# trunkline: ignore[rule, …]` silences rules on its own line, or on the next one when it stands alone;
//! `# trunkline: ignore-file[rule, …]` in the whole file. `# zizmor: ignore[audit, …]` does what it does for zizmor:
//! it counts anywhere on the lines of the finding. actionlint has no such comments.

use crate::comment::Comment;
use crate::document::Document;
use crate::finding::Finding;

/// Whether a comment of its file silences a finding.
pub(crate) fn is_ignored(document: &Document, finding: &Finding) -> bool {
    let mut directives = document.comments().iter().filter_map(|comment| Some((comment, directive(&comment.text)?)));
    let first = document.line(finding.span.start);
    let last = document.line(finding.span.end.max(finding.span.start + 1) - 1);
    directives.any(|(comment, directive)| {
        let here = match directive.kind {
            DirectiveKind::File => true,
            DirectiveKind::Line => {
                let line = target(document, comment);
                line == first || (line > first && line <= last && comment.line == line) || comment.line == last
            }
            DirectiveKind::Zizmor => {
                // On a line of its own it may also stand above what it speaks of.
                let above = comment.own_line && target(document, comment) == first;
                let lines = std::iter::once(finding.span).chain(finding.related.iter().map(|(span, _)| *span));
                above
                    || lines.filter(|span| span.file == document.file).any(|span| {
                        (document.line(span.start)..=document.line(span.end.max(span.start + 1) - 1))
                            .contains(&comment.line)
                    })
            }
        };
        here && directive.names().any(|name| match directive.kind {
            DirectiveKind::Zizmor => finding.rule.is_alias("zizmor", name),
            DirectiveKind::File | DirectiveKind::Line => finding.rule.is_named(name),
        })
    })
}

#[derive(Clone, Copy)]
enum DirectiveKind {
    File,
    Line,
    Zizmor,
}

#[derive(Clone, Copy)]
struct Directive<'a> {
    kind: DirectiveKind,
    names: &'a str,
}

impl<'a> Directive<'a> {
    fn names(self) -> impl Iterator<Item = &'a str> {
        self.names.split(',').map(str::trim).filter(|name| !name.is_empty())
    }
}

fn directive(text: &str) -> Option<Directive<'_>> {
    for (start, kind) in [
        ("trunkline: ignore[", DirectiveKind::Line),
        ("trunkline: ignore-file[", DirectiveKind::File),
        ("zizmor: ignore[", DirectiveKind::Zizmor),
    ] {
        // A comment may say something else first: `# v4.2.2 # zizmor: ignore[…]`.
        if let Some(at) = text.find(start)
            && let Some((names, _)) = text[at + start.len()..].split_once(']')
        {
            return Some(Directive { kind, names });
        }
    }
    None
}

/// The line that a comment speaks of: its own, or the next with anything but comments on it.
fn target(document: &Document, comment: &Comment) -> u32 {
    if !comment.own_line {
        return comment.line;
    }
    let after = document.text().lines().enumerate().skip(comment.line as usize);
    let mut code = after.filter(|(_, line)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    code.next().and_then(|(index, _)| u32::try_from(index + 1).ok()).unwrap_or(comment.line)
}
