//! Repositories of GitHub, Gitea and Forgejo that run here.

use serde_json::json;
use store::checks::CheckRun;
use store::{Topic, Tx};

use crate::Result;

/// Queues the news of a check for the connected repository, where there is one, in the transaction that writes the check.
pub(crate) async fn tell_check(tx: &mut Tx, run: &CheckRun) -> Result<()> {
    let Some(connection) = store::connections::of_repository(tx, run.repo_id).await? else { return Ok(()) };
    if !connection.active {
        return Ok(());
    }
    let body = json!({
        "sha": run.head_sha,
        "name": run.name,
        "status": run.status,
        "conclusion": run.conclusion,
        "details_url": run.details_url,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "title": run.output["title"],
        "summary": run.output["summary"],
    });
    let subject = format!("{}:{}", run.head_sha, run.name);
    if connection.write_statuses {
        store::connections::write_back(tx, connection.id, "status", &subject, &body).await?;
    }
    if connection.write_checks && connection.provider == "github" {
        store::connections::write_back(tx, connection.id, "check", &subject, &body).await?;
    }
    tx.wake(Topic::Deliveries);
    Ok(())
}
