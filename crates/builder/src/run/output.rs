use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;

use crate::event::{Event, Events, StepId};
use crate::secrets::Secrets;

/// So many lines are shown again when the process fails.
const TAIL_LINES: usize = 20;
/// A line longer than this is passed on in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// What a process writes: passed on line by line without secrets, its end kept.
pub(crate) struct Output<'a> {
    events: Events,
    step: StepId,
    secrets: &'a Secrets,
    readers: Option<(Receiver, Receiver)>,
    tail: Mutex<VecDeque<Vec<u8>>>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(events: Events, step: StepId, secrets: &'a Secrets) -> Self {
        Self { events, step, secrets, readers: None, tail: Mutex::default() }
    }

    /// The ends to write to: standard output and standard error.
    pub(crate) fn pipes(&mut self) -> io::Result<(OwnedFd, OwnedFd)> {
        let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
        let ((stdout, write_stdout), (stderr, write_stderr)) = (pipe()?, pipe()?);
        self.readers = Some((Receiver::from_owned_fd(stdout)?, Receiver::from_owned_fd(stderr)?));
        Ok((write_stdout, write_stderr))
    }

    /// Reads until nobody can write any more. The last lines.
    pub(crate) async fn read(&mut self) -> String {
        if let Some((stdout, stderr)) = self.readers.take() {
            tokio::join!(self.pass_on(stdout, false), self.pass_on(stderr, true));
        }
        let tail = std::mem::take(&mut *self.tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        tail.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    async fn pass_on(&self, mut from: Receiver, stderr: bool) {
        let mut line = Vec::new();
        let mut buffer = vec![0_u8; 16 * 1024];
        while let Ok(length) = from.read(&mut buffer).await {
            if length == 0 {
                break;
            }
            line.extend_from_slice(&buffer[..length]);
            // Whole lines only: a secret must not slip through in two halves.
            let end = line.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map(|at| at + 1);
            let end = end.or((line.len() > LONGEST_LINE).then_some(line.len()));
            if let Some(end) = end {
                let rest = line.split_off(end);
                self.tell(&std::mem::replace(&mut line, rest), stderr);
            }
        }
        if !line.is_empty() {
            line.push(b'\n');
            self.tell(&line, stderr);
        }
    }

    fn tell(&self, lines: &[u8], stderr: bool) {
        let data = self.secrets.hide(lines);
        let mut tail = self.tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            tail.push_back(line[..line.len().min(2000)].to_vec());
            if tail.len() > TAIL_LINES {
                tail.pop_front();
            }
        }
        drop(tail);
        self.events.send(Event::Log { step: self.step, stderr, data });
    }
}
