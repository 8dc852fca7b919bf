//! Step summaries for a terminal: Markdown, lightly.

use super::palette::{BOLD, CYAN, DIM, Palette};
use super::text::{self, Colours};

/// The lines of a summary. What is not understood stays as it is.
pub(crate) fn render(markdown: &str, palette: Palette) -> Vec<String> {
    let mut out = Vec::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut fenced = false;
    for line in markdown.trim().lines() {
        let line = Colours::default().line(line.as_bytes(), false);
        let trimmed = line.trim();
        if !fenced && trimmed.starts_with('|') && trimmed.len() > 1 {
            rows.push(cells(trimmed));
            continue;
        }
        flush_table(&mut rows, palette, &mut out);
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
        } else if fenced {
            out.push(format!("  {}", palette.paint(DIM, &line)));
        } else if let Some(title) = heading(trimmed) {
            out.push(palette.paint(BOLD, inline(title, Palette { colour: false })));
        } else if is_rule(trimmed) {
            out.push(palette.paint(DIM, "────────"));
        } else if let Some(quote) = trimmed.strip_prefix('>') {
            out.push(format!("{} {}", palette.paint(DIM, "│"), inline(quote.trim_start(), palette)));
        } else if let Some(item) = bullet(trimmed) {
            let indent = &line[..line.len() - line.trim_start().len()];
            out.push(format!("{indent}• {}", inline(item, palette)));
        } else {
            let shown = inline(line.trim_end(), palette);
            // A line that was only a tag is no empty line.
            if !shown.trim().is_empty() || trimmed.is_empty() {
                out.push(shown);
            }
        }
    }
    flush_table(&mut rows, palette, &mut out);
    out
}

fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    ((1..=6).contains(&level) && title.starts_with(' ')).then(|| title.trim().trim_end_matches('#').trim_end())
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3 && ['-', '*', '_'].iter().any(|mark| line.chars().all(|char| char == *mark))
}

fn bullet(line: &str) -> Option<&str> {
    ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark))
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim_matches('|');
    inner.split('|').map(|cell| inline(cell.trim(), Palette { colour: false })).collect()
}

fn flush_table(rows: &mut Vec<Vec<String>>, palette: Palette, out: &mut Vec<String>) {
    let is_line =
        |row: &[String]| row.iter().all(|cell| cell.contains('-') && cell.chars().all(|char| "-: ".contains(char)));
    let header = rows.get(1).is_some_and(|row| is_line(row));
    if header {
        rows.remove(1);
    }
    let mut widths: Vec<usize> = Vec::new();
    for row in rows.iter() {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(text::width(cell));
        }
    }
    for (index, row) in rows.drain(..).enumerate() {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| text::pad(cell, *width)).collect();
        let line = padded.join("  ").trim_end().to_owned();
        out.push(if header && index == 0 { palette.paint(BOLD, line) } else { line });
    }
}

/// Emphasis, code, links and tags within a line.
fn inline(line: &str, palette: Palette) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['*', '`', '[', '!', '<', '&', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (shown, used) = span(rest, palette).unwrap_or_else(|| (rest[..1].to_owned(), 1));
        out.push_str(&shown);
        rest = &rest[used..];
    }
    out + rest
}

/// What a mark at the start of the text stands for, and the bytes it takes.
fn span(text: &str, palette: Palette) -> Option<(String, usize)> {
    let between = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        let end = inner.find(close)?;
        (end > 0).then(|| (&inner[..end], open.len() + end + close.len()))
    };
    if let Some((inner, used)) = between("**", "**") {
        return Some((palette.paint(BOLD, inner), used));
    }
    if let Some((inner, used)) = between("`", "`") {
        return Some((palette.paint(CYAN, inner), used));
    }
    if let Some((inner, used)) = between("*", "*")
        && !inner.starts_with(' ')
        && !inner.ends_with(' ')
    {
        return Some((palette.paint(super::palette::ITALIC, inner), used));
    }
    if let Some(link) = text.strip_prefix('!').or(Some(text)).filter(|link| link.starts_with('[')) {
        let (label, after) = link[1..].split_once("](")?;
        let (target, _) = after.split_once(')')?;
        if label.contains('[') {
            return None;
        }
        let used = (text.len() - link.len()) + 1 + label.len() + 2 + target.len() + 1;
        let image = text.starts_with('!');
        return Some((if image { format!("[{label}]") } else { format!("{label} ({target})") }, used));
    }
    if let Some((tag, used)) = between("<", ">") {
        let name = tag.trim_start_matches('/');
        return name.starts_with(|char: char| char.is_ascii_alphabetic()).then(|| (String::new(), used));
    }
    for (entity, char) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&nbsp;", " ")] {
        if text.starts_with(entity) {
            return Some((char.to_owned(), entity.len()));
        }
    }
    let escaped = text.strip_prefix('\\')?.chars().next().filter(char::is_ascii_punctuation)?;
    Some((escaped.to_string(), 2))
}
