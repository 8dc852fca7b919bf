//! What the server does by itself with what jobs leave: sealing of logs, retention, sweeping; and a look at its disk.

use std::time::Duration;

use depot::Collected;
use tokio_util::sync::CancellationToken;

use crate::{Notice, Server};

/// How long a finished log may lie in pieces.
const SEALING: Duration = Duration::from_secs(10);
const RETIRING: Duration = Duration::from_secs(600);
const LOOKING: Duration = Duration::from_secs(10);
const SWEEPING: Duration = Duration::from_secs(24 * 3600);
const FORGETTING: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug)]
enum Chore {
    Seal,
    Retire,
    Sweep,
    LookAtDisk,
    Forget,
}

impl Chore {
    const ALL: [Self; 5] = [Self::Seal, Self::Retire, Self::Sweep, Self::LookAtDisk, Self::Forget];

    fn pause(self) -> Duration {
        match self {
            Self::Seal => SEALING,
            Self::Retire => RETIRING,
            Self::Sweep => SWEEPING,
            Self::LookAtDisk => LOOKING,
            Self::Forget => FORGETTING,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Seal => "sealing of logs",
            Self::Retire => "retention",
            Self::Sweep => "sweeping of objects",
            Self::LookAtDisk => "disk",
            Self::Forget => "forgetting of sessions and tokens",
        }
    }

    async fn work(self, server: &Server) -> depot::Result<()> {
        let depot = server.depot();
        match self {
            Self::Seal => {
                while depot.seal_logs().await? > 0 {}
                Ok(())
            }
            Self::Retire => {
                while depot.retire(server.config().retention()).await? != Collected::default() {}
                Ok(())
            }
            Self::Sweep => depot.sweep_objects().await.map(drop),
            Self::LookAtDisk => server.disk().look().map_err(|full| std::io::Error::other(full).into()),
            Self::Forget => {
                server.identity().sweep().await.map(drop).map_err(|error| std::io::Error::other(error).into())
            }
        }
    }
}

/// Runs until it is told to stop. Any number of servers may.
pub(crate) async fn run(server: Server, stop: CancellationToken) {
    let chores = Chore::ALL.map(|chore| {
        let (server, stop) = (&server, &stop);
        forge::watch_over(chore.name(), stop, move || repeat(server.clone(), stop.clone(), chore))
    });
    futures_util::future::join_all(chores).await;
}

async fn repeat(server: Server, stop: CancellationToken, chore: Chore) {
    let mut failed = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(chore.pause()) => {}
        }
        match chore.work(&server).await {
            Ok(()) if std::mem::take(&mut failed) => {
                server.tell(Notice::Problem { part: chore.name(), message: "all is well again".to_owned() });
            }
            Ok(()) => {}
            // A database or a disk that is away is said once.
            Err(error) if !std::mem::replace(&mut failed, true) => {
                server.tell(Notice::Problem { part: chore.name(), message: error.to_string() });
            }
            Err(_) => {}
        }
    }
}
