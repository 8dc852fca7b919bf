//! What the server does by itself with what jobs leave: sealing of logs, retention, sweeping.

use std::time::Duration;

use depot::Depot;
use tokio_util::sync::CancellationToken;

use crate::{Notice, Server};

/// How long a finished log may lie in pieces.
const SEALING: Duration = Duration::from_secs(10);
const RETIRING: Duration = Duration::from_secs(600);
const SWEEPING: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Copy, Debug)]
enum Chore {
    Seal,
    Retire,
    Sweep,
}

impl Chore {
    const ALL: [Self; 3] = [Self::Seal, Self::Retire, Self::Sweep];

    fn pause(self) -> Duration {
        match self {
            Self::Seal => SEALING,
            Self::Retire => RETIRING,
            Self::Sweep => SWEEPING,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Seal => "sealing of logs",
            Self::Retire => "retention",
            Self::Sweep => "sweeping of objects",
        }
    }

    async fn work(self, depot: &Depot) -> depot::Result<()> {
        match self {
            Self::Seal => {
                while depot.seal_logs().await? > 0 {}
                Ok(())
            }
            Self::Retire => depot.retire().await.map(drop),
            Self::Sweep => depot.sweep_objects().await.map(drop),
        }
    }
}

/// Runs until it is told to stop. Any number of servers may.
pub(crate) async fn run(server: Server, stop: CancellationToken) {
    let chores = Chore::ALL.map(|chore| repeat(&server, &stop, chore));
    futures_util::future::join_all(chores).await;
}

async fn repeat(server: &Server, stop: &CancellationToken, chore: Chore) {
    let mut failed = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(chore.pause()) => {}
        }
        match chore.work(server.depot()).await {
            Ok(()) => failed = false,
            // A database or a disk that is away is said once.
            Err(error) if !std::mem::replace(&mut failed, true) => {
                server.tell(Notice::Problem { part: chore.name(), message: error.to_string() });
            }
            Err(_) => {}
        }
    }
}
