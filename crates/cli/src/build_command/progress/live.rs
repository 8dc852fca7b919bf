//! A live picture: every step that is at work with its last lines, and what has ended.

use std::time::Duration;

use builder::Event;

use super::Teller;
use super::steps::{State, Step, Steps};
use crate::report::palette::{self as style, Palette};
use crate::report::screen::Screen;
use crate::report::text::cut;

pub(super) struct Live {
    screen: Screen,
    palette: Palette,
    paused: bool,
}

impl Live {
    pub(super) fn new() -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            screen: Screen::new(Box::new(std::io::stderr()), true, None),
            palette: Palette { colour },
            paused: false,
        }
    }

    fn head(&self, steps: &Steps, ended: Option<bool>) -> String {
        let (done, all) = steps.count();
        let seconds = steps.began.elapsed().as_secs_f64();
        let (word, colour) = match ended {
            None => ("Building", style::BLUE),
            Some(true) => ("Built", style::GREEN),
            Some(false) => ("Failed", style::RED),
        };
        self.palette.paint(colour, format!("[+] {word} {seconds:.1}s ({done}/{all})"))
    }

    fn line(&self, step: &Step, columns: usize) -> String {
        let (text, colour) = match step.state {
            State::Waiting => return String::new(),
            State::Running => (time(step.began.map(|began| began.elapsed()).unwrap_or_default()), style::CYAN),
            State::Cached => ("CACHED".to_owned(), style::DIM),
            State::Done(took) => (time(took), style::BLUE),
            State::Failed(took) => (format!("ERROR {}", time(took)), style::RED),
        };
        let room = columns.saturating_sub(text.len() + 8).max(10);
        let name = cut(&step.name, room);
        let gap = " ".repeat(room.saturating_sub(name.chars().count()));
        self.palette.paint(colour, format!(" => {name}{gap} {text}"))
    }

    /// The lines of all steps that began, and below those at work what they wrote last.
    fn area(&self, steps: &Steps, ended: Option<bool>) -> Vec<String> {
        let size = self.screen.size();
        let mut lines = vec![self.head(steps, ended)];
        for step in steps.all.values().filter(|step| step.state != State::Waiting) {
            lines.push(self.line(step, size.columns));
            if step.state != State::Running {
                continue;
            }
            for (what, (done, total)) in &step.transfers {
                if Some(*done) != *total {
                    let total = total.map(|total| format!(" / {:.1} MB", total as f64 / 1e6)).unwrap_or_default();
                    lines.push(self.dim(&format!(" => => {what} {:.1} MB{total}", *done as f64 / 1e6), size.columns));
                }
            }
            lines.extend(step.lines.iter().map(|line| self.dim(&format!(" => => # {line}"), size.columns)));
        }
        // What does not fit on the terminal could not be taken back: the newest count.
        let most = size.rows.saturating_sub(2).max(4);
        if ended.is_none() && lines.len() > most {
            let gone = lines.len() - most;
            lines.drain(1..=gone);
        }
        lines
    }

    fn dim(&self, text: &str, columns: usize) -> String {
        self.palette.paint(style::DIM, cut(text, columns.saturating_sub(1)))
    }
}

fn time(took: Duration) -> String {
    format!("{:.1}s", took.as_secs_f64())
}

impl Teller for Live {
    fn event(&mut self, event: &Event, _steps: &Steps) {
        if let Event::Warning { message, line } = event {
            let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let text = self.palette.paint(style::YELLOW, format!("warning: {message}{place}"));
            self.screen.line(&text);
        }
    }

    fn tick(&mut self, steps: &Steps) {
        if !self.paused {
            let area = self.area(steps, None);
            self.screen.flush(&area);
        }
    }

    fn finish(&mut self, steps: &Steps, success: bool) {
        for line in self.area(steps, Some(success)) {
            self.screen.line(&line);
        }
        self.screen.flush(&[]);
    }

    fn pause(&mut self, on: bool) {
        self.paused = on;
        if on {
            self.screen.flush(&[]);
        }
    }
}
