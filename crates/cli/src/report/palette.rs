//! Colours, and whether there are any.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    pub(crate) colour: bool,
}

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const ITALIC: Style = Style::new().italic();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();
pub(crate) const BLUE: Style = AnsiColor::Blue.on_default();

/// For jobs' names; red and green are left to results.
const JOBS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::BrightCyan,
    AnsiColor::BrightMagenta,
];

impl Palette {
    /// As `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and the terminal say.
    pub(crate) fn for_stdout() -> Self {
        let choice = anstream::AutoStream::choice(&std::io::stdout());
        Self { colour: choice != anstream::ColorChoice::Never }
    }

    pub(crate) fn paint(self, style: Style, text: impl Display) -> String {
        if self.colour { format!("{}{text}{}", style.render(), style.render_reset()) } else { text.to_string() }
    }

    /// The colour that a job keeps for the whole run.
    pub(crate) fn of_job(number: u32) -> Style {
        JOBS[number as usize % JOBS.len()].on_default()
    }
}
