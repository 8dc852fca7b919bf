//! The report that says only what failed.

use std::collections::{BTreeMap, VecDeque};

use api::{Conclusion, Envelope, Event, LegId};

use super::closing;
use super::log_lines::LogLines;
use super::palette::{DIM, Palette, RED};
use super::screen::Screen;
use super::tail::Lines;
use super::view::RunView;

/// Lines that are shown of a failed job.
const LINES: usize = 20;

/// Keeps the last lines of each job until it is known how it ended.
pub(crate) struct Quiet {
    screen: Screen,
    palette: Palette,
    last: BTreeMap<LegId, LastLines>,
}

#[derive(Default)]
struct LastLines {
    log: LogLines,
    lines: VecDeque<String>,
}

impl Quiet {
    pub(crate) fn new(screen: Screen, palette: Palette) -> Self {
        Self { screen, palette, last: BTreeMap::new() }
    }

    pub(crate) fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    pub(crate) fn event(&mut self, view: &RunView, envelope: &Envelope) {
        match &envelope.event {
            Event::JobFinished(finished) => {
                let last = self.last.remove(&finished.leg);
                if finished.conclusion != Conclusion::Failure {
                    return;
                }
                let Some(job) = view.job(finished.leg) else {
                    return;
                };
                let head = format!("✗ {} failed", view.full_name(job));
                self.screen.line(&self.palette.paint(RED, head));
                for line in last.into_iter().flat_map(|last| last.lines) {
                    let bar = self.palette.paint(DIM, "│");
                    self.screen.line(&format!("{bar} {line}"));
                }
            }
            Event::RunFinished(_) => {
                self.screen.line(&closing::closing_line(view, self.palette));
            }
            _ => {}
        }
    }

    pub(crate) fn lines(&mut self, leg: LegId, lines: &Lines) {
        let last = self.last.entry(leg).or_default();
        let mut shown = Vec::new();
        // Far more than are kept, so that the marks among them are seen; the rest of a long output costs nothing.
        let far = lines.iter().count().saturating_sub(10 * LINES);
        for line in lines.iter().skip(far) {
            last.log.line(lines.step, lines.stream, line, self.palette, false, &mut shown);
        }
        for one in shown {
            if last.lines.len() == LINES {
                last.lines.pop_front();
            }
            last.lines.push_back(one.text);
        }
    }
}
