//! What a run takes over from an earlier one.

use std::collections::HashMap;
use std::path::PathBuf;

use api::RunNumber;
use engine::KnownLeg;
use runner::ResumeFrom;
use trigger::Event;

#[derive(Clone, Debug, Default)]
pub(crate) struct Resume {
    pub(crate) parent: Option<RunNumber>,
    pub(crate) attempt: u32,
    /// The earlier run's event: the same payload.
    pub(crate) event: Option<Event>,
    /// For each workflow's path: jobs whose result stands.
    pub(crate) known: HashMap<String, HashMap<String, KnownLeg>>,
    /// The record of the run whose artifacts are there from the start: jobs that stand do not upload theirs again.
    pub(crate) artifacts_of: Option<PathBuf>,
    /// Jobs that begin in their middle, by their workflow's path and their own name.
    pub(crate) jobs: HashMap<(String, String), ResumeFrom>,
}
