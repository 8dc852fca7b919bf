//! Explanations on the terminal.

use explain::text::{Line, Tone};

use crate::failure::Failure;
use crate::report::palette::{BOLD, CYAN, DIM, GREEN, Palette, RED, YELLOW};
use crate::report::screen::Screen;

/// A line in the terminal's colours.
pub(crate) fn painted(line: &Line, palette: Palette) -> String {
    let pieces = line.pieces.iter().map(|(tone, text)| match tone {
        Tone::Plain => text.clone(),
        Tone::Strong => palette.paint(BOLD, text),
        Tone::Quiet => palette.paint(DIM, text),
        Tone::Good => palette.paint(GREEN, text),
        Tone::Bad => palette.paint(RED, text),
        Tone::Warn => palette.paint(YELLOW, text),
        Tone::Code => palette.paint(CYAN, text),
    });
    pieces.collect()
}

/// Lines made for the width of the terminal, to standard output.
pub(crate) fn print(make: impl FnOnce(usize) -> Vec<Line>) {
    let mut screen = Screen::stdout();
    let columns = screen.size().columns;
    let palette = Palette::for_stdout();
    for line in make(columns) {
        screen.line(painted(&line, palette).trim_end());
    }
    screen.flush(&[]);
}

/// A value as one JSON document.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::broken)?;
    let mut screen = Screen::stdout();
    screen.line(&text);
    screen.flush(&[]);
    Ok(())
}
