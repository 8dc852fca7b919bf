use std::sync::Arc;

use forge::Forge;
use identity::Identity;
use services::Admission;
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::Settings;
use crate::clock::Listening;
use crate::drive::LiveRuns;
use crate::event::Snapshots;
use crate::work::{Rounds, Troubles};

/// The control plane of one server. Cheap to clone.
#[derive(Clone)]
pub struct Control(Arc<Inner>);

struct Inner {
    store: Store,
    identity: Identity,
    forge: Forge,
    admission: Arc<Admission>,
    settings: Settings,
    live: LiveRuns,
    claiming: tokio::sync::Mutex<()>,
    listening: Listening,
    rounds: Rounds,
    troubles: Troubles,
    /// The server is about to end: nobody waits for anything any more.
    parting: CancellationToken,
    snapshots: Snapshots,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Control")
    }
}

impl Control {
    /// `admission` makes the tokens with which jobs reach artifacts and caches.
    #[must_use]
    pub fn new(identity: Identity, forge: Forge, admission: Arc<Admission>, settings: Settings) -> Self {
        let store = identity.store().clone();
        let snapshots = Snapshots::default();
        let listening = Listening::from(store.now());
        Self(Arc::new(Inner {
            store,
            identity,
            forge,
            admission,
            settings,
            live: LiveRuns::default(),
            claiming: tokio::sync::Mutex::default(),
            listening,
            rounds: Rounds::default(),
            troubles: Troubles::default(),
            parting: CancellationToken::new(),
            snapshots,
        }))
    }

    /// Everything that happens by itself: events, inboxes, gates, schedules, leases. Until `stop`; what is under way is
    /// finished or undone, nothing is lost.
    pub async fn run(&self, stop: CancellationToken) {
        crate::work::run(self, stop).await;
    }

    /// Runners that wait for jobs or orders are answered at once from here on, and nobody gets a job any more.
    pub fn part(&self) {
        self.0.parting.cancel();
    }

    pub(crate) fn parting(&self) -> &CancellationToken {
        &self.0.parting
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    pub(crate) fn forge(&self) -> &Forge {
        &self.0.forge
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.0.admission
    }

    pub(crate) fn live(&self) -> &LiveRuns {
        &self.0.live
    }

    pub(crate) fn snapshots(&self) -> &Snapshots {
        &self.0.snapshots
    }

    pub(crate) fn listening(&self) -> &Listening {
        &self.0.listening
    }

    pub(crate) fn rounds(&self) -> &Rounds {
        &self.0.rounds
    }

    pub(crate) fn troubles(&self) -> &Troubles {
        &self.0.troubles
    }

    /// Held while a job is handed out.
    pub(crate) fn claiming(&self) -> &tokio::sync::Mutex<()> {
        &self.0.claiming
    }

    /// `github.server_url`
    pub(crate) fn server_url(&self) -> &str {
        self.0.settings.server_url.as_deref().unwrap_or(&self.0.forge.urls().web)
    }
}
