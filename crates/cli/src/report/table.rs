//! Tables that fit the terminal.

use anstyle::Style;

use super::palette::{DIM, Palette};
use super::text;

/// One field, not painted yet.
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>, style: Style) -> Self {
        // A cell is one line, whatever a tool put into it.
        let text = text::Colours::default().line(text.into().as_bytes(), false);
        Self { text: text.replace('\t', " "), style, right: false }
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Style::new())
    }

    /// Aligned at its right end.
    #[must_use]
    pub(crate) fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

/// The first column is cut in its middle where it takes more than two fifths, the last one at its end.
pub(crate) fn table<const N: usize>(
    head: [&str; N],
    rows: Vec<[Cell; N]>,
    palette: Palette,
    columns: usize,
) -> Vec<String> {
    let mut widths = head.map(text::width);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(text::width(&cell.text));
        }
    }
    let last = N.saturating_sub(1);
    let whole: usize = widths.iter().sum::<usize>() + 2 * last;
    if whole > columns {
        let widest_first = (columns * 2 / 5).max(12);
        widths[0] = widths[0].min(widest_first);
        let others: usize = widths[..last].iter().sum::<usize>() + 2 * last;
        // Something of the last column is always shown, though the lines wrap then.
        widths[last] = widths[last].min(columns.saturating_sub(others).max(10));
    }
    let head = head.map(|title| Cell::new(title, DIM));
    std::iter::once(head).chain(rows).map(|row| line(row, &widths, palette)).collect()
}

fn line<const N: usize>(row: [Cell; N], widths: &[usize; N], palette: Palette) -> String {
    let mut out = String::new();
    // Blanks that would stand at the line's end are held back.
    let mut gap = 0;
    for (index, (cell, width)) in row.into_iter().zip(*widths).enumerate() {
        let shown = if index == 0 { text::cut_middle(&cell.text, width) } else { text::cut(&cell.text, width) };
        let fill = width - text::width(&shown).min(width);
        if !shown.is_empty() {
            out.push_str(&" ".repeat(gap + if cell.right { fill } else { 0 }));
            out.push_str(&palette.paint(cell.style, shown));
            gap = 0;
            gap += if cell.right { 0 } else { fill };
        } else {
            gap += width;
        }
        gap += 2;
    }
    out
}
