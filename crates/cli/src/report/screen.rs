//! Where a report is written: lines, and on a terminal a live area below them.

use std::io::{self, IsTerminal as _, Write};

use super::text;

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// Lines are gathered until [`Screen::flush`]. After the first error nothing more is written.
pub(crate) struct Screen {
    out: Box<dyn Write + Send>,
    lines: Vec<u8>,
    /// Widths of the area's lines as they stand on the terminal.
    drawn: Vec<usize>,
    /// Whether lines can be taken back, as on a terminal.
    live: bool,
    fixed: Option<Size>,
    broken: bool,
}

/// Lines of text from which on they are written without waiting for a flush.
const BUFFER: usize = 64 * 1024;

/// Where standard output is no terminal and `COLUMNS` is not set: only tables go by it.
const DEFAULT: Size = Size { columns: 120, rows: 40 };

impl Screen {
    /// Standard output, only ever added to.
    pub(crate) fn stdout() -> Self {
        Self::new(Box::new(io::stdout()), false, None)
    }

    /// Standard output with a live area, where it is a terminal that can take lines back.
    pub(crate) fn live_stdout() -> Self {
        let stdout = io::stdout();
        let live = stdout.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self::new(Box::new(stdout), live, None)
    }

    /// With a fixed size where there is no terminal to ask.
    pub(crate) fn new(out: Box<dyn Write + Send>, live: bool, fixed: Option<Size>) -> Self {
        Self { out, lines: Vec::new(), drawn: Vec::new(), live, fixed, broken: false }
    }

    /// Whether there is a live area.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    pub(crate) fn size(&self) -> Size {
        self.fixed.or_else(terminal_size).or_else(size_from_env).unwrap_or(DEFAULT)
    }

    pub(crate) fn line(&mut self, line: &str) {
        self.bytes(line.as_bytes());
        self.bytes(b"\n");
    }

    /// Text that holds its own line ends.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.broken {
            return;
        }
        self.lines.extend_from_slice(bytes);
        if self.lines.len() >= BUFFER {
            self.flush(&[]);
        }
    }

    /// Whether the reader of the output is gone.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Writes what was gathered and draws the area anew below it; an empty one clears it.
    pub(crate) fn flush(&mut self, area: &[String]) {
        if self.lines.is_empty() && self.drawn.is_empty() && area.is_empty() {
            return;
        }
        let mut frame = Vec::with_capacity(self.lines.len() + 1024);
        if self.live {
            // Terminals that know this show the whole frame at once.
            frame.extend_from_slice(b"\x1b[?2026h");
            self.erase(&mut frame);
        }
        frame.append(&mut self.lines);
        if self.live {
            for (index, line) in area.iter().enumerate() {
                if index > 0 {
                    frame.push(b'\n');
                }
                frame.extend_from_slice(line.as_bytes());
            }
            self.drawn = area.iter().map(|line| text::width(&without_colours(line))).collect();
            frame.extend_from_slice(b"\x1b[?2026l");
        }
        let written = self.out.write_all(&frame).and_then(|()| self.out.flush());
        self.broken |= written.is_err();
    }

    /// Takes the area back. A terminal that became narrower has wrapped its lines.
    fn erase(&mut self, frame: &mut Vec<u8>) {
        if self.drawn.is_empty() {
            return;
        }
        let columns = self.size().columns.max(1);
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(columns).max(1)).sum();
        frame.push(b'\r');
        if rows > 1 {
            frame.extend_from_slice(format!("\x1b[{}A", rows - 1).as_bytes());
        }
        frame.extend_from_slice(b"\x1b[J");
        self.drawn.clear();
    }
}

fn without_colours(line: &str) -> String {
    text::Colours::default().line(line.as_bytes(), false)
}

fn terminal_size() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    let size = Size { columns: size.ws_col.into(), rows: size.ws_row.into() };
    (size.columns > 0 && size.rows > 0).then_some(size)
}

fn size_from_env() -> Option<Size> {
    let columns = std::env::var("COLUMNS").ok()?.parse().ok()?;
    Some(Size { columns, ..DEFAULT })
}
