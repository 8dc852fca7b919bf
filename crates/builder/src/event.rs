//! What a build tells while it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One step of the build, numbered from 1 in the order in which steps are first told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub u32);

/// Something that happened. Events of one step come in order; steps overlap.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step is known; it may start at once or much later, or never when nothing needs it.
    Planned {
        /// Its number.
        step: StepId,
        /// As BuildKit names steps: `[stage 2/5] RUN make`, `[internal] load build context`.
        name: String,
        /// The stage it belongs to; empty for what belongs to none.
        stage: String,
        /// Line of the Dockerfile, from 1; `None` for what stands in no line.
        line: Option<usize>,
    },
    /// Work on it began.
    Started {
        /// Which.
        step: StepId,
    },
    /// Its result was known already.
    Cached {
        /// Which.
        step: StepId,
    },
    /// What its process wrote, secrets hidden; whole or partial lines.
    Log {
        /// Which.
        step: StepId,
        /// Whether it went to the standard error.
        stderr: bool,
        /// The bytes.
        data: Vec<u8>,
    },
    /// How far a transfer is.
    Transfer {
        /// Which.
        step: StepId,
        /// What is transferred: a file, a blob, a layer.
        what: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// It ended.
    Finished {
        /// Which.
        step: StepId,
        /// How long it took.
        took: Duration,
        /// Why it failed; `None` when it did not.
        error: Option<String>,
    },
    /// Something about the Dockerfile or the request that is worth knowing and stops nothing.
    Warning {
        /// One sentence.
        message: String,
        /// Line of the Dockerfile, from 1.
        line: Option<usize>,
    },
}

/// Where events go. Called from many threads; must return soon.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Events go to this function.
    pub fn new(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Events go nowhere.
    pub fn none() -> Self {
        Self::new(drop)
    }

    pub(crate) fn send(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
