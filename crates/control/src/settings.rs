use std::time::Duration;

/// What the administrator decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A job is taken from a runner that was not heard of for so long.
    pub lease: Duration,
    /// How often a runner says that it is there.
    pub heartbeat: Duration,
    /// A job that finds no runner for so long fails.
    pub longest_in_queue: Duration,
    /// The time of a job that names none.
    pub job_timeout: Duration,
    /// Beyond a job's own time: when the server ends it although its runner says nothing.
    pub grace: Duration,
    /// Look only at the first 300 changed files, as GitHub does, where a repository does not say.
    pub github_compat: bool,
    /// Where `uses: owner/name@ref` comes from when it is not on this server.
    pub action_servers: Vec<String>,
    /// Whether Trunkline's own implementations stand in for well-known actions.
    pub native_actions: api::wire::NativeActions,
    /// `github.server_url` of jobs. GitHub's clients refuse hosts that are neither GitHub's nor end in `.localhost`.
    pub server_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(150),
            heartbeat: Duration::from_secs(10),
            longest_in_queue: Duration::from_secs(24 * 3600),
            job_timeout: Duration::from_secs(360 * 60),
            grace: Duration::from_secs(10 * 60),
            github_compat: false,
            action_servers: vec!["https://github.com".to_owned()],
            native_actions: api::wire::NativeActions::Prefer,
            server_url: None,
        }
    }
}

/// In microseconds, as the database counts.
pub(crate) fn micros(duration: Duration) -> store::Micros {
    store::Micros::try_from(duration.as_micros()).unwrap_or(store::Micros::MAX)
}
