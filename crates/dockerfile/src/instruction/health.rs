use std::time::Duration;

use crate::CommandLine;

/// `HEALTHCHECK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthcheck {
    /// `NONE`: also turns off the one of the base image.
    None,
    Command(Probe),
}

/// `HEALTHCHECK CMD`. What is `None` was not written and takes the runtime's default; so does zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub command: CommandLine,
    pub interval: Option<Duration>,
    pub timeout: Option<Duration>,
    pub start_period: Option<Duration>,
    pub start_interval: Option<Duration>,
    pub retries: Option<u32>,
}
