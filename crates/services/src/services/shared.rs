//! What every request sees.

use crate::admission::{ID_TOKEN, RUNTIME};
use crate::backend::{Edge, Job, TokenUse};
use crate::disk::upload::Upload;
use crate::oidc::IssuerKey;
use crate::token::Signer;
use crate::{ArtifactStore, CacheStore, Content, Reservation, Result, ServicesConfig};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Uploads one run may have open at a time; a job has a handful.
const MAX_PENDING: usize = 4096;

/// The state behind the router.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: ServicesConfig,
    pub(crate) edge: Edge,
    pub(crate) artifacts: ArtifactStore,
    pub(crate) caches: CacheStore,
    issuer_key: Mutex<Option<Arc<IssuerKey>>>,
    /// By backend id.
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    uploads: Mutex<Uploads>,
}

#[derive(Debug, Default)]
struct Uploads {
    last_id: u64,
    pending: HashMap<u64, Arc<Pending>>,
}

/// An upload between its announcement and its end.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) id: u64,
    /// Backend id of the job.
    pub(crate) job: String,
    pub(crate) upload: Upload,
    pub(crate) kind: PendingKind,
}

#[derive(Debug)]
pub(crate) enum PendingKind {
    Artifact {
        name: String,
        content: Content,
        expires_at: Option<Timestamp>,
    },
    Cache {
        key: String,
        version: String,
        /// Taken when the upload ends one way or the other.
        reservation: Box<Mutex<Option<Reservation>>>,
    },
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PendingKind {
    pub(crate) fn take_reservation(&self) -> Option<Reservation> {
        match self {
            PendingKind::Artifact { .. } => None,
            PendingKind::Cache { reservation, .. } => locked(reservation).take(),
        }
    }
}

impl Shared {
    pub(crate) fn new(config: ServicesConfig, url: &str) -> Result<Shared> {
        let clock = &config.clock;
        Ok(Shared {
            edge: Edge {
                url: url.to_owned(),
                issuer: config.issuer.clone().unwrap_or_else(|| url.to_owned()),
                server_url: config.server_url.clone(),
                signer: Signer::generate()?,
                clock: clock.clone(),
            },
            artifacts: ArtifactStore::with_limits(&config.run_dir, config.max_blob_bytes, clock.clone()),
            caches: CacheStore::with_quota(&config.data_dir, config.quota_bytes, clock.clone()),
            issuer_key: Mutex::default(),
            jobs: Mutex::default(),
            uploads: Mutex::default(),
            config,
        })
    }

    /// Blocks while the key is made.
    pub(crate) fn issuer_key(&self) -> Result<Arc<IssuerKey>> {
        let mut key = locked(&self.issuer_key);
        if let Some(key) = &*key {
            return Ok(Arc::clone(key));
        }
        let loaded = Arc::new(IssuerKey::load(&self.config.data_dir)?);
        *key = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    pub(crate) fn admit(&self, job: Arc<Job>) {
        self.drop_uploads(|pending| pending.job == job.backend_id);
        locked(&self.jobs).insert(job.backend_id.clone(), job);
    }

    pub(crate) fn end(&self, job_id: &str) {
        let ended: Vec<String> = {
            let mut jobs = locked(&self.jobs);
            jobs.extract_if(|_, job| job.identity.job_id == job_id).map(|(backend_id, _)| backend_id).collect()
        };
        self.drop_uploads(|pending| ended.contains(&pending.job));
    }

    /// The running job a token of the given use was made for.
    pub(crate) fn authenticate(&self, token: &str, use_: TokenUse) -> Option<Arc<Job>> {
        let claims = self.edge.signer.verify_jwt(token, self.edge.now())?;
        let job = Arc::clone(locked(&self.jobs).get(claims["job"].as_str()?)?);
        let wanted = match use_ {
            TokenUse::Runtime => RUNTIME,
            TokenUse::IdToken => ID_TOKEN,
        };
        (claims["use"] == wanted && claims["nonce"] == job.nonce.as_str()).then_some(job)
    }

    /// Opens an upload; `None` when there are too many.
    pub(crate) fn add_upload(&self, job: &Job, upload: Upload, kind: PendingKind) -> Option<Arc<Pending>> {
        let mut uploads = locked(&self.uploads);
        if uploads.pending.len() >= MAX_PENDING {
            return None;
        }
        uploads.last_id += 1;
        let id = uploads.last_id;
        let pending = Arc::new(Pending { id, job: job.backend_id.clone(), upload, kind });
        uploads.pending.insert(id, Arc::clone(&pending));
        Some(pending)
    }

    pub(crate) fn upload(&self, id: u64) -> Option<Arc<Pending>> {
        locked(&self.uploads).pending.get(&id).cloned()
    }

    pub(crate) fn find_upload(&self, matches: impl Fn(&Pending) -> bool) -> Option<Arc<Pending>> {
        locked(&self.uploads).pending.values().find(|pending| matches(pending)).cloned()
    }

    pub(crate) fn drop_uploads(&self, condition: impl Fn(&Pending) -> bool) {
        let dropped: Vec<_> = {
            let mut uploads = locked(&self.uploads);
            uploads.pending.extract_if(|_, pending| condition(pending)).collect()
        };
        // A request under way may hold the upload a little longer; the key is free at once.
        for (_, pending) in &dropped {
            drop(pending.kind.take_reservation());
        }
    }
}
