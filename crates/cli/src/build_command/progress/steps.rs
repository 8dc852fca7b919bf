//! What is known of the steps so far.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use builder::{Event, StepId};

/// Lines of a running step that are shown.
const LINES: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Running,
    Cached,
    Done(Duration),
    Failed(Duration),
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) state: State,
    pub(super) began: Option<Instant>,
    /// The last lines it wrote.
    pub(super) lines: VecDeque<String>,
    open: Vec<u8>,
    /// What it transfers: done and in all.
    pub(super) transfers: BTreeMap<String, (u64, Option<u64>)>,
}

pub(super) struct Steps {
    pub(super) began: Instant,
    pub(super) all: BTreeMap<StepId, Step>,
    drawn: Instant,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), all: BTreeMap::new(), drawn: Instant::now() }
    }

    /// Whether a frame has passed since this was last true.
    pub(super) fn is_due(&mut self, frame: Duration) -> bool {
        let due = self.drawn.elapsed() >= frame;
        if due {
            self.drawn = Instant::now();
        }
        due
    }

    pub(super) fn name(&self, step: StepId) -> &str {
        self.all.get(&step).map_or("", |step| step.name.as_str())
    }

    pub(super) fn take(&mut self, event: &Event) {
        if let Event::Planned { step, name, .. } = event {
            let fresh = Step {
                name: name.clone(),
                state: State::Waiting,
                began: None,
                lines: VecDeque::new(),
                open: Vec::new(),
                transfers: BTreeMap::new(),
            };
            self.all.insert(*step, fresh);
            return;
        }
        let (Event::Started { step }
        | Event::Cached { step }
        | Event::Log { step, .. }
        | Event::Transfer { step, .. }
        | Event::Finished { step, .. }) = event
        else {
            return;
        };
        let Some(step) = self.all.get_mut(step) else { return };
        match event {
            Event::Started { .. } => (step.state, step.began) = (State::Running, Some(Instant::now())),
            Event::Cached { .. } => step.state = State::Cached,
            Event::Log { data, .. } => step.log(data),
            Event::Transfer { what, done, total, .. } => {
                step.transfers.insert(what.clone(), (*done, *total));
            }
            Event::Finished { took, error, .. } => {
                step.state = if error.is_some() { State::Failed(*took) } else { State::Done(*took) };
            }
            _ => {}
        }
    }

    /// How many have ended, of how many that were begun or known.
    pub(super) fn count(&self) -> (usize, usize) {
        let ended = |step: &&Step| !matches!(step.state, State::Waiting | State::Running);
        (self.all.values().filter(ended).count(), self.all.len())
    }
}

impl Step {
    fn log(&mut self, data: &[u8]) {
        self.open.extend_from_slice(data);
        let end = self.open.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = self.open.split_off(end);
        let whole = std::mem::replace(&mut self.open, rest);
        for line in String::from_utf8_lossy(&whole).lines() {
            // Of a line that is written over itself the last state counts.
            let line = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
            self.lines.push_back(line.to_owned());
            if self.lines.len() > LINES {
                self.lines.pop_front();
            }
        }
    }
}
