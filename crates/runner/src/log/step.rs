//! The log of one step.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::pump::READ_SIZE;
use super::{JobLog, RecordKind, Stream, StreamPump};
use crate::Masker;
use crate::command::Processor;
use crate::result::StepState;

/// The log of one step, both streams of it. Clones are of the same step.
#[derive(Clone)]
pub struct StepLog {
    pub(super) job: JobLog,
    pub(super) step: u32,
    shared: Arc<Mutex<Shared>>,
    pub(super) masker: Masker,
    /// Bytes of text that the job's log had before.
    began_at: u64,
}

pub(super) struct Shared {
    pub(super) processor: Processor,
    pub(super) state: StepState,
}

impl StepLog {
    /// Begins the log of the step with this number and marks it in the record.
    #[must_use]
    pub fn start(job: JobLog, step: u32, processor: Processor) -> Self {
        job.mark(step, RecordKind::StepStarted);
        Self::embedded(job, step, processor)
    }

    /// A step within the step with this number (of a composite action): its lines are that step's.
    #[must_use]
    pub fn embedded(job: JobLog, step: u32, processor: Processor) -> Self {
        let masker = processor.masker().clone();
        let began_at = *job.follow().borrow();
        let shared = Shared { processor, state: StepState::default() };
        Self { job, step, shared: Arc::new(Mutex::new(shared)), masker, began_at }
    }

    /// Takes in one stream, chunk by chunk.
    #[must_use]
    pub fn stream(&self, stream: Stream) -> StreamPump {
        let matchers = self.shared().processor.matchers().clone();
        StreamPump::new(self.clone(), stream, matchers)
    }

    /// Reads a pipe to its end. After an error the lines so far are in the record.
    ///
    /// May be dropped at any time: what was read by then is in the record.
    pub async fn pump(&self, stream: Stream, mut pipe: impl AsyncRead + Unpin) -> std::io::Result<()> {
        let mut pump = self.stream(stream);
        loop {
            let read = pipe.read_buf(&mut pump.buffer().limit(READ_SIZE)).await;
            pump.received();
            match read {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    pump.finish();
                    return Err(error);
                }
            }
        }
        pump.finish();
        Ok(())
    }

    /// What hides the job's secrets in it.
    pub(crate) fn masker(&self) -> &Masker {
        &self.masker
    }

    /// Where the step's text begins in the job's log, in bytes.
    #[must_use]
    pub fn began_at(&self) -> u64 {
        self.began_at
    }

    /// Adds lines of the runner's own, masked. `##[group]` and the like mean something in them.
    pub fn say(&self, text: &str) {
        self.write_own(&[text.to_owned()]);
    }

    /// Adds an annotation and its line, as the commands do.
    pub fn annotate(&self, annotation: crate::Annotation) {
        self.say(&format!("##[{}]{}", annotation.level.as_str(), annotation.message));
        let annotation = annotation.masked(&self.masker);
        self.shared().state.annotate(annotation);
    }

    /// Lets `change` see and change what the step has left so far, for instance to collect its command files.
    pub fn with_state<T>(&self, change: impl FnOnce(&mut StepState) -> T) -> T {
        change(&mut self.shared().state)
    }

    /// Ends the step: marks it in the record and gives out what it left.
    #[must_use]
    pub fn finish(self) -> StepState {
        self.job.mark(self.step, RecordKind::StepEnded);
        self.take_state()
    }

    /// What the step left, without a mark: for an embedded step.
    #[must_use]
    pub fn take_state(self) -> StepState {
        std::mem::take(&mut self.shared().state)
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes lines of the runner's own. Line ends within them begin further lines.
    pub(super) fn write_own(&self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let mut out = String::new();
        for line in lines {
            out.push_str(&line.replace("\r\n", "\n").replace('\r', "\n"));
            out.push('\n');
        }
        self.job.batch().lines(self.step, Stream::Runner, &self.masker.mask(out.as_bytes()));
    }
}
