//! Fixes for what is found when a file is read.

use yaml::Style;

use crate::document::Document;
use crate::finding::Finding;
use crate::fix::Fix;

/// The finding, with a fix where there is one.
pub(crate) fn repaired(document: &Document, mut finding: Finding) -> Finding {
    if finding.rule.id == "workflow/condition-always-true" {
        finding.fixes.extend(without_last_break(document, &finding));
    }
    finding
}

/// A condition in a block is true for its line break at the end: `|` and `>` become `|-` and `>-`.
fn without_last_break(document: &Document, finding: &Finding) -> Option<Fix> {
    let scalar = document.scalar(finding.span)?;
    if !matches!(scalar.style, Style::Literal | Style::Folded) {
        return None;
    }
    // Only where the break is all that stands outside.
    let text = scalar.text.trim();
    let inside = text.strip_prefix("${{")?.strip_suffix("}}")?;
    if inside.contains("${{") {
        return None;
    }
    let header = document.text_of(finding.span).lines().next()?;
    let mark = header.split_whitespace().next()?;
    let start = finding.span.start as usize;
    let fix = Fix::safe("leave the line break at its end out");
    match mark.find('+') {
        Some(at) => Some(fix.replace(span::Span::new(document.file, start + at, start + at + 1), "-")),
        None if mark.contains('-') => None,
        None => Some(fix.insert(document.file, start + mark.len(), "-")),
    }
}
