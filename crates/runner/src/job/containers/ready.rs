//! Waiting until services are well.

use container::{Phase, Verdict};
use tokio_util::sync::CancellationToken;

use super::Service;

/// How it went with one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    Healthy,
    /// Unhealthy, or ended before it was well.
    Failed,
    Cancelled,
}

/// Waits for the verdict of a service's health check; one without a check is well at once.
pub(super) async fn wait(service: &Service, say: &(dyn Fn(&str) + Send + Sync), cancel: &CancellationToken) -> Ready {
    let mut status = service.container.watch();
    let mut told = false;
    loop {
        {
            let status = status.borrow_and_update();
            let ended = matches!(status.phase, Phase::Exited | Phase::Removed);
            match status.health.as_ref().map(|health| health.verdict) {
                None | Some(Verdict::Healthy) => return Ready::Healthy,
                Some(Verdict::Unhealthy) => return Ready::Failed,
                Some(Verdict::Starting) if ended => return Ready::Failed,
                Some(Verdict::Starting) => {}
            }
        }
        if !told {
            say(&format!("{} service is starting, waiting for its health check.", service.id));
            told = true;
        }
        tokio::select! {
            changed = status.changed() => if changed.is_err() { return Ready::Failed },
            () = cancel.cancelled() => return Ready::Cancelled,
        }
    }
}
