use serde::{Deserialize, Serialize};

use crate::Envelope;

/// Events of one job, numbered from 1 without gaps within a claim. Sent again after a broken connection; the server
/// passes over numbers that it has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Events {
    pub events: Vec<Envelope>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsStored {
    /// The highest number such that it and all below are stored. Fewer than were sent means a gap: send from here.
    pub last: u64,
}

/// What the server has of a job: where a runner goes on after it was restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of the last event.
    pub events: u64,
    /// Bytes of the log stream.
    pub log: u64,
}
