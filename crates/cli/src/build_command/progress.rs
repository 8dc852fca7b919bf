//! How a build is told: lines, a live picture on a terminal, JSON, or nothing.

mod live;
mod plain;
mod rawjson;
mod steps;

use std::io::IsTerminal as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use builder::{Event, Events, StepId};

use self::steps::Steps;

/// What `--progress` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Live,
    Plain,
    RawJson,
    Quiet,
}

impl Mode {
    pub(super) fn choose(text: &str, quiet: bool) -> Result<Self, String> {
        let terminal = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        match text {
            _ if quiet => Ok(Self::Quiet),
            "auto" | "tty" if terminal => Ok(Self::Live),
            "auto" | "plain" => Ok(Self::Plain),
            "tty" => Err("--progress tty needs a terminal".to_owned()),
            "rawjson" => Ok(Self::RawJson),
            "quiet" | "none" => Ok(Self::Quiet),
            other => Err(format!("--progress is auto, tty, plain, quiet or rawjson, not {other}")),
        }
    }
}

/// Something that tells.
trait Teller: Send {
    fn event(&mut self, event: &Event, steps: &Steps);
    /// Time went by, or much was told.
    fn tick(&mut self, steps: &Steps);
    fn finish(&mut self, steps: &Steps, success: bool);
    /// Leaves the terminal to somebody else, or takes it back.
    fn pause(&mut self, _on: bool) {}
}

enum Message {
    Event(Event),
    Pause(bool),
    End(bool),
}

/// The thread that tells. Cheap to clone.
#[derive(Clone)]
pub(super) struct Progress {
    sender: mpsc::Sender<Message>,
    names: Arc<Mutex<std::collections::HashMap<StepId, String>>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// How often the live picture is drawn.
const FRAME: Duration = Duration::from_millis(80);

impl Progress {
    pub(super) fn start(mode: Mode) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut teller: Box<dyn Teller> = match mode {
                Mode::Live => Box::new(live::Live::new()),
                Mode::Plain => Box::new(plain::Plain::new()),
                Mode::RawJson => Box::new(rawjson::RawJson),
                Mode::Quiet => Box::new(Silent),
            };
            let mut steps = Steps::new();
            loop {
                match receiver.recv_timeout(FRAME) {
                    Ok(Message::Event(event)) => {
                        steps.take(&event);
                        teller.event(&event, &steps);
                        if steps.is_due(FRAME) {
                            teller.tick(&steps);
                        }
                    }
                    Ok(Message::Pause(on)) => teller.pause(on),
                    Ok(Message::End(success)) => return teller.finish(&steps, success),
                    Err(RecvTimeoutError::Timeout) => teller.tick(&steps),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self { sender, names: Arc::default(), thread: Arc::new(Mutex::new(Some(thread))) }
    }

    pub(super) fn events(&self) -> Events {
        let (sender, names) = (Mutex::new(self.sender.clone()), Arc::clone(&self.names));
        Events::new(move |event| {
            if let Event::Planned { step, name, .. } = &event {
                names.lock().unwrap_or_else(PoisonError::into_inner).insert(*step, name.clone());
            }
            let _ = sender.lock().unwrap_or_else(PoisonError::into_inner).send(Message::Event(event));
        })
    }

    pub(super) fn name(&self, step: StepId) -> String {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&step).cloned().unwrap_or_default()
    }

    pub(super) fn pause(&self, on: bool) {
        let _ = self.sender.send(Message::Pause(on));
    }

    /// Tells the end, and waits until it is told.
    pub(super) async fn finish(&self, success: bool) {
        let _ = self.sender.send(Message::End(success));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

struct Silent;

impl Teller for Silent {
    fn event(&mut self, _event: &Event, _steps: &Steps) {}
    fn tick(&mut self, _steps: &Steps) {}
    fn finish(&mut self, _steps: &Steps, _success: bool) {}
}
