//! Passwords: argon2id, and no more of its memory at once than the machine should give.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::hmac;
use tokio::sync::Semaphore;

use crate::Error;

/// How long a password is at least, in characters.
pub const SHORTEST: usize = 10;
/// How long it may be, in bytes.
pub const LONGEST: usize = 1024;

/// One lock for each password that is being checked, by its fingerprint.
type UnderWay = HashMap<[u8; 32], Weak<tokio::sync::Mutex<()>>>;

/// Hashes and checks passwords. Two at a time: each takes 19 MiB and some tens of milliseconds.
#[derive(Clone)]
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    /// Fingerprints of what was found right: git and API clients send the password with every request.
    known: Arc<Mutex<HashSet<[u8; 32]>>>,
    /// Those that are checked right now, by fingerprint.
    under_way: Arc<Mutex<UnderWay>>,
    key: Arc<hmac::Key>,
    /// What unknown users are checked against, so that they take as long as known ones.
    nobody: Arc<String>,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| Error::NoRandomness)?;
        let nobody = hash(&crate::token::random_hex(16)?)?;
        Ok(Self {
            at_once: Arc::new(Semaphore::new(2)),
            known: Arc::default(),
            under_way: Arc::default(),
            key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &key)),
            nobody: Arc::new(nobody),
        })
    }

    /// The hash to keep, in the PHC form.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Error> {
        check_form(password)?;
        let password = zeroize::Zeroizing::new(password.to_owned());
        self.blocking(move || hash(&password)).await?
    }

    /// The check of a password that somebody sent from a place, once nobody else checks the same.
    pub(crate) async fn check<'p>(&'p self, password: &'p str, stored: Option<&'p str>, place: &str) -> Check<'p> {
        let fingerprint = self.fingerprint(password, stored.unwrap_or_default(), place);
        let lock = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.retain(|_, lock| lock.strong_count() > 0);
            let lock = under_way.get(&fingerprint).and_then(Weak::upgrade).unwrap_or_default();
            under_way.insert(fingerprint, Arc::downgrade(&lock));
            lock
        };
        Check { passwords: self, password, stored, fingerprint, _alone: lock.lock_owned().await }
    }

    /// Bound to the hash and the place: another password, another fingerprint.
    fn fingerprint(&self, password: &str, stored: &str, place: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for text in [password, place] {
            context.update(&(text.len() as u64).to_le_bytes());
            context.update(text.as_bytes());
        }
        context.update(stored.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        bytes
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let _permit = self.at_once.acquire().await.map_err(|_| Error::ShuttingDown)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::ShuttingDown)
    }
}

/// A password that is to be checked.
pub(crate) struct Check<'p> {
    passwords: &'p Passwords,
    password: &'p str,
    stored: Option<&'p str>,
    fingerprint: [u8; 32],
    _alone: tokio::sync::OwnedMutexGuard<()>,
}

impl Check<'_> {
    /// Whether it was found right before, from the same place.
    pub(crate) fn is_known(&self) -> bool {
        let known = self.passwords.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.stored.is_some() && known.contains(&self.fingerprint)
    }

    /// Whether the password belongs to the hash. Takes as long where there is no hash.
    pub(crate) async fn verify(self) -> Result<bool, Error> {
        if self.password.len() > LONGEST {
            return Ok(false);
        }
        let text = self.stored.map_or_else(|| self.passwords.nobody.to_string(), str::to_owned);
        let password = zeroize::Zeroizing::new(self.password.to_owned());
        let right = self.passwords.blocking(move || verify(&password, &text)).await? && self.stored.is_some();
        if right {
            let mut known = self.passwords.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= 1024 {
                known.clear();
            }
            known.insert(self.fingerprint);
        }
        Ok(right)
    }
}

/// Why a password cannot be taken.
pub fn check_form(password: &str) -> Result<(), Error> {
    if password.chars().count() < SHORTEST {
        return Err(Error::invalid("password", format!("a password has at least {SHORTEST} characters")));
    }
    if password.len() > LONGEST {
        return Err(Error::invalid("password", format!("a password has at most {LONGEST} bytes")));
    }
    Ok(())
}

/// OWASP's first choice of parameters for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

fn hash(password: &str) -> Result<String, Error> {
    let hash = argon2().hash_password(password.as_bytes()).map_err(|error| Error::Crypto(error.to_string()))?;
    Ok(hash.to_string())
}

/// The parameters are those of the stored hash, so that they can be raised later.
fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn right_and_wrong() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let verify = async |password: &str, stored: Option<&str>| {
            passwords.check(password, stored, "here").await.verify().await.unwrap()
        };
        assert!(!passwords.check("correct horse", Some(&stored), "here").await.is_known());
        for _ in 0..2 {
            assert!(verify("correct horse", Some(&stored)).await);
        }
        assert!(passwords.check("correct horse", Some(&stored), "here").await.is_known());
        assert!(!passwords.check("correct horse", Some(&stored), "elsewhere").await.is_known());
        for (password, stored) in [("wrong horse", Some(stored.as_str())), ("", Some(&stored)), ("correct horse", None)]
        {
            assert!(!verify(password, stored).await);
        }
        assert!(!verify("correct horse", Some("no hash")).await);
        assert!(passwords.hash("short").await.is_err());
    }
}
