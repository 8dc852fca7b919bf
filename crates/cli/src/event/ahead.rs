//! Asking git while workflow files are still being read.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::diff::{self, Brought};
use super::{Asked, Target};
use crate::failure::Failure;
use crate::project::Project;

/// What an event brings, being found out in a thread of its own.
#[derive(Default)]
pub(crate) struct Ahead(Option<Asking>);

struct Asking {
    /// Whether changed files are asked for too.
    files: bool,
    thread: JoinHandle<Result<(Target, Brought), Failure>>,
}

impl Ahead {
    /// Begins to ask; `files`: a path filter may want to know what changed.
    pub(crate) fn start(project: &Project, asked: &Asked, name: &str, files: bool) -> Self {
        if !diff::brings(name) {
            return Self::default();
        }
        let repository = Arc::clone(&project.repository);
        let (facts, asked, name) = (project.facts.clone(), asked.clone(), name.to_owned());
        let thread = std::thread::spawn(move || {
            let target = Target::of(&repository, &facts, &asked)?;
            let brought = diff::brought(&repository, &facts, &asked, &name, &target, files)?;
            Ok((target, brought))
        });
        Self(Some(Asking { files, thread }))
    }

    /// Waits for the answer; none where nothing was asked, or not what is wanted now.
    pub(super) fn answer(self, wants_files: bool) -> Result<Option<(Target, Brought)>, Failure> {
        match self.0 {
            Some(asking) if asking.files || !wants_files => match asking.thread.join() {
                Ok(answer) => answer.map(Some),
                Err(panic) => std::panic::resume_unwind(panic),
            },
            _ => Ok(None),
        }
    }
}
