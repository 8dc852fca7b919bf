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
    /// Hosts whose images are in the server's own registry as far as jobs are concerned: `ghcr.io`.
    pub registry_for: Vec<String>,
    /// Whose jobs are taken first; the first rule that fits a run decides.
    pub priorities: Vec<crate::PriorityRule>,
    /// Schedules of a public repository in which nothing happens for so long are switched off, as on GitHub. `None`: never.
    pub schedules_rest_after: Option<Duration>,
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
            registry_for: Vec::new(),
            priorities: Vec::new(),
            schedules_rest_after: Some(Duration::from_secs(60 * 24 * 3600)),
        }
    }
}

/// In microseconds, as the database counts.
pub(crate) fn micros(duration: Duration) -> store::Micros {
    store::Micros::try_from(duration.as_micros()).unwrap_or(store::Micros::MAX)
}
