//! A look into the sandbox of a `RUN` that failed.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use sandbox::{Sandbox, User};

use crate::StepId;

/// A `RUN` that failed, with its sandbox as it left it.
#[derive(Debug, Clone)]
pub struct FailedRun {
    /// Which step.
    pub step: StepId,
    /// Gone when the handler returns.
    pub sandbox: Sandbox,
    /// The step's variables; secrets are not among them.
    pub env: Vec<(OsString, OsString)>,
    /// Where it ran.
    pub cwd: PathBuf,
    /// Whom it ran as.
    pub user: User,
}

type Handler = dyn Fn(FailedRun) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// What is done with a failed `RUN` before its sandbox goes: `--shell-on-failure`.
#[derive(Clone)]
pub struct OnFailure(Arc<Handler>);

impl OnFailure {
    /// Calls this for each failed `RUN`, and waits for it.
    pub fn new<F>(handler: impl Fn(FailedRun) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |failed| Box::pin(handler(failed))))
    }

    pub(crate) async fn call(&self, failed: FailedRun) {
        (self.0)(failed).await;
    }
}

impl fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnFailure")
    }
}
