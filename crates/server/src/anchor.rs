//! Keeps the anchor of the audit log in the data directory at the log's end.

use std::time::Duration;

use identity::AuditAnchor;
use tokio_util::sync::CancellationToken;

use crate::{Notice, Server, ServerConfig};

/// Entries of so long may be cut off without the anchor's noticing.
const PAUSE: Duration = Duration::from_secs(5);

pub(crate) fn of(config: &ServerConfig) -> AuditAnchor {
    AuditAnchor::at(config.data.join("audit.anchor"))
}

/// Runs until it is told to stop. Several servers may share a directory.
pub(crate) async fn run(server: Server, stop: CancellationToken) {
    let mut said = None;
    loop {
        said = follow(&server, said).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Moves the anchor. What is wrong is said once; `said` is what was said last.
pub(crate) async fn follow(server: &Server, said: Option<String>) -> Option<String> {
    let problem = server.identity().move_audit_anchor(&of(server.config())).await.err()?.to_string();
    if said.as_ref() != Some(&problem) {
        server.tell(Notice::Problem { part: "audit log", message: problem.clone() });
    }
    Some(problem)
}
