//! What `--health-*` ask for.

use std::time::Duration;

/// Changes to an image's HEALTHCHECK.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthOptions {
    /// A command for the shell; instead of the image's.
    pub command: Option<String>,
    /// Time between checks.
    pub interval: Option<Duration>,
    /// Limit of one check.
    pub timeout: Option<Duration>,
    /// For how long failures do not count after the start.
    pub start_period: Option<Duration>,
    /// Time between checks during the start period.
    pub start_interval: Option<Duration>,
    /// How many failures in a row make it unhealthy.
    pub retries: Option<u32>,
    /// No check at all, whatever the image says.
    pub disabled: bool,
}

impl HealthOptions {
    /// Whether one of the `--health-*` was given.
    pub fn any(&self) -> bool {
        let Self { command, interval, timeout, start_period, start_interval, retries, disabled: _ } = self;
        command.is_some()
            || retries.is_some()
            || [interval, timeout, start_period, start_interval].iter().any(|duration| duration.is_some())
    }
}
