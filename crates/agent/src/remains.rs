//! Jobs of an earlier process of this runner, which was killed: the server is told what became of them.

use std::sync::Arc;

use api::wire::Finish;
use tokio_util::sync::CancellationToken;

use crate::Notice;
use crate::agent::Agent;
use crate::client::Held;
use crate::job::{JobDirectory, deliver, lost};
use crate::outbox::{Courier, EventJournal, LogSender};

/// Begins to report what is left over.
pub(crate) fn report(agent: &Arc<Agent>) {
    for (held, directory) in JobDirectory::left_over(&agent.config.jobs_dir(), &agent.config.server_key) {
        let agent = agent.clone();
        agent.clone().tasks.spawn(async move {
            let courier = Courier { agent: agent.clone(), held, lost: CancellationToken::new() };
            let stopped = agent.stop.now.clone();
            tokio::select! {
                () = report_one(&courier, held, &directory) => directory.remove(),
                // The next start tries again.
                () = stopped.cancelled() => {}
            }
        });
    }
}

/// Sends what the server lacks, then how it ended: as its own report says, or that it was lost.
async fn report_one(courier: &Courier, held: Held, directory: &JobDirectory) {
    let Ok(Ok(stored)) = courier.send(|| courier.agent.client.progress(held)).await else { return };
    let Ok((journal, events)) = EventJournal::reopen(&directory.events(), stored.events) else { return };
    journal.close();
    let Ok(events) = events.run(courier).await else { return };
    let log = match directory.log() {
        None => stored.log,
        Some(path) => match LogSender::new().rest(courier, path, stored.log).await {
            Ok(length) => length,
            Err(_) => return,
        },
    };
    let reason = "the runner was killed while the job ran";
    let finish =
        directory.finish().unwrap_or_else(|| Finish { events, log, outcome: lost("runner-killed", reason, true) });
    let reported = deliver(courier, Finish { events, log, ..finish }).await;
    if let Some(api::wire::Outcome::Lost { reason, .. }) = reported {
        courier.agent.tell(Notice::JobLost { job: held.job, reason: reason.reason });
    }
}
