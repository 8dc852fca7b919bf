mod accounts;
mod allow;
mod attempts;
mod authenticate;
mod log;
mod one_time;
mod rotation;
mod secrets;
mod sessions;
mod tokens;
mod variables;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use ring::hmac;
use store::{Query, Store};
use zeroize::Zeroizing;

use crate::password::Passwords;
use crate::secrets::{MasterKeys, envelope};
use crate::{Aad, Error, Result};

pub use accounts::{NewAccount, check_login};
pub use attempts::network_of;
pub use one_time::{Purpose, RunnerScope};
pub use secrets::{SecretScope, SecretTrust};
pub use sessions::{NewSession, Throttling};
pub use tokens::{FineGrained, JobGrant};

/// What the administrator decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether those who are not logged in see public repositories.
    pub open: bool,
    /// Whether git and the API take a user's password; a token is taken always.
    pub basic_passwords: bool,
    /// How long a session lasts without being used, in seconds.
    pub session_seconds: i64,
    /// Whether every user may make repositories of their own and organisations.
    pub users_create: bool,
    /// Whose word is taken for a client's address.
    pub proxies: crate::Proxies,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            open: false,
            basic_passwords: true,
            session_seconds: 14 * 24 * 3600,
            users_create: true,
            proxies: crate::Proxies::default(),
        }
    }
}

/// Everything about who somebody is and what they may do. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    store: Store,
    keys: RwLock<Arc<MasterKeys>>,
    passwords: Passwords,
    audit_key: hmac::Key,
    settings: Settings,
    refusals: log::Refusals,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// The setting that holds the key of the audit log, in an envelope.
const AUDIT_KEY: &str = "audit.key";

impl Identity {
    /// Starts over an open store. Must be called within a tokio runtime: refusals are written down by a task.
    ///
    /// # Errors
    /// When the database is away, or its secrets are under a master key that was not given.
    pub async fn start(store: Store, keys: MasterKeys, settings: Settings) -> Result<Self> {
        let audit_key = audit_key(&store, &keys).await?;
        let refusals = log::Refusals::start(store.clone(), audit_key.clone());
        Ok(Self(Arc::new(Inner {
            store,
            keys: RwLock::new(Arc::new(keys)),
            passwords: Passwords::new()?,
            audit_key,
            settings,
            refusals,
        })))
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn keys(&self) -> Arc<MasterKeys> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts bytes into an envelope that opens with the same `aad` only. Columns of envelopes are named in
    /// [`store::sealed::SEALED_COLUMNS`].
    pub fn seal(&self, bytes: &[u8], aad: &Aad) -> Result<Vec<u8>> {
        envelope::seal(&self.keys(), bytes, aad)
    }

    /// Opens an envelope.
    pub fn open(&self, envelope: &[u8], aad: &Aad) -> Result<Zeroizing<Vec<u8>>> {
        envelope::open(&self.keys(), envelope, aad)
    }
}

/// The key of the audit log; made at the first start. Opening it checks the master key too.
async fn audit_key(store: &Store, keys: &MasterKeys) -> Result<hmac::Key> {
    let aad = Aad::new(&[AUDIT_KEY]);
    let mut tx = store.begin().await?;
    let fresh = {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(|_| Error::NoRandomness)?;
        hex::encode(envelope::seal(keys, bytes.as_ref(), &aad)?)
    };
    let now = tx.now();
    let insert = "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(insert, store::args![AUDIT_KEY, fresh, now]).await?;
    let kept: String = tx.fetch_one("SELECT value FROM settings WHERE name = $1", store::args![AUDIT_KEY]).await?;
    tx.commit().await?;
    let sealed = hex::decode(kept).map_err(|_| Error::Envelope("the audit log's key is no hexadecimal"))?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &envelope::open(keys, &sealed, &aad)?))
}
