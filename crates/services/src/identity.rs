//! The environment a job is given to prove who it is.

use std::fmt;

/// Environment variables for one job.
#[derive(Clone, Default)]
pub struct JobEnvironment {
    /// For JavaScript and container actions. `ACTIONS_CACHE_SERVICE_V2` is meant for JavaScript actions only.
    pub action_env: Vec<(String, String)>,
    /// For `run:` steps: the identity token pair, when permitted.
    pub run_env: Vec<(String, String)>,
    /// Values that must never reach a log.
    pub secrets_to_mask: Vec<String>,
}

impl fmt::Debug for JobEnvironment {
    /// Names only: the values hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |env: &[(String, String)]| env.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_struct("JobEnvironment")
            .field("action_env", &names(&self.action_env))
            .field("run_env", &names(&self.run_env))
            .finish_non_exhaustive()
    }
}
