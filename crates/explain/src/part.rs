//! The values of an expression's parts as lines.

use api::Part;

use crate::text::{Line, Tone};

/// A tree of lines: the whole expression first.
pub(crate) fn lines(part: &Part) -> Vec<Line> {
    let mut lines = vec![described(part, Line::new())];
    inside(part, "", &mut lines);
    lines
}

fn inside(part: &Part, indent: &str, lines: &mut Vec<Line>) {
    let last = part.parts.len().saturating_sub(1);
    for (index, inner) in part.parts.iter().enumerate() {
        let (branch, stem) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        lines.push(described(inner, Line::new().quiet(format!("{indent}{branch}"))));
        inside(inner, &format!("{indent}{stem}"), lines);
    }
}

fn described(part: &Part, line: Line) -> Line {
    let line = line.plain(part.text.clone());
    match (&part.value, &part.error) {
        (Some(value), _) => {
            let tone = match value.as_str() {
                "true" => Tone::Good,
                "false" | "null" | "''" | "0" => Tone::Bad,
                _ => Tone::Code,
            };
            line.quiet(" → ").with(tone, value.clone())
        }
        (None, Some(error)) => line.quiet(" → ").with(Tone::Bad, format!("error: {error}")),
        (None, None) => line.quiet(" (not evaluated)"),
    }
}
