//! Which tools a run found on the machine: told at its start, and once more when their versions are known.

use std::time::Duration;

use api::Event;
use tokio::task::JoinHandle;

use super::Events;
use crate::dirs::Dirs;
use crate::tools;

/// A run that is over sooner does not pay for asking a dozen programs for their versions; the answers are kept for later ones.
const LATER: Duration = Duration::from_secs(1);

pub(super) fn look(dirs: &Dirs, events: Events) -> JoinHandle<()> {
    let remembered = dirs.cache.join("tools.json");
    tokio::spawn(async move {
        let file = remembered.clone();
        let Ok(mut found) = tokio::task::spawn_blocking(move || tools::present(&file)).await else { return };
        let known = found.values().all(|tool| tool.version.is_some());
        // Without a reader the run is over.
        let _ = events.send(Event::Tools { tools: found.clone() });
        if known {
            return;
        }
        tokio::time::sleep(LATER).await;
        let asking = tokio::task::spawn_blocking(move || {
            tools::ask(&mut found, &remembered);
            found
        });
        if let Ok(tools) = asking.await {
            let _ = events.send(Event::Tools { tools });
        }
    })
}
