//! Text with tones: what a terminal paints and a page marks up.

use std::fmt;

/// What a piece of text is, so that who shows it can choose a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    /// Headings and names.
    Strong,
    /// What can be passed over.
    Quiet,
    Good,
    Bad,
    Warn,
    /// Code, commands, values.
    Code,
}

/// A line of toned pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub pieces: Vec<(Tone, String)>,
}

impl Line {
    #[must_use]
    pub fn new() -> Line {
        Line::default()
    }

    /// The line with a piece more.
    #[must_use]
    pub fn with(mut self, tone: Tone, text: impl Into<String>) -> Line {
        let text = text.into();
        if !text.is_empty() {
            self.pieces.push((tone, text));
        }
        self
    }

    #[must_use]
    pub fn plain(self, text: impl Into<String>) -> Line {
        self.with(Tone::Plain, text)
    }

    #[must_use]
    pub fn quiet(self, text: impl Into<String>) -> Line {
        self.with(Tone::Quiet, text)
    }

    /// Characters, of which each is taken to be one column wide.
    #[must_use]
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// Filled up with blanks.
    #[must_use]
    pub fn padded(self, columns: usize) -> Line {
        let missing = columns.saturating_sub(self.width());
        self.plain(" ".repeat(missing))
    }

    /// Moved to the right.
    #[must_use]
    pub fn indented(mut self, columns: usize) -> Line {
        if !self.pieces.is_empty() {
            self.pieces.insert(0, (Tone::Plain, " ".repeat(columns)));
        }
        self
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|(_, text)| f.write_str(text))
    }
}

/// Lines without tones, for tests and files.
#[must_use]
pub fn plain(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{}\n", line.to_string().trim_end())).collect()
}

/// `1 job`, `2 jobs`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// At most so many characters; what is cut off is shown as `…`.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// `38 ms`, `0.4 s`, `12.3 s`, `2m05s`, `1h02m`; from microseconds.
#[must_use]
pub fn duration(micros: i64) -> String {
    let micros = micros.max(0);
    let tenths = micros / 100_000;
    let seconds = tenths / 10;
    match seconds {
        0 if tenths == 0 => format!("{} ms", micros / 1000),
        0..60 => format!("{seconds}.{} s", tenths % 10),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// Without colours and other escape sequences.
#[must_use]
pub fn without_colours(line: &str) -> String {
    if !line.contains('\u{1b}') {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next() == Some('[') {
            // A control sequence ends with a letter or one of a few signs.
            chars.by_ref().find(|c| ('@'..='~').contains(c));
        }
    }
    out
}
