//! Passwords: argon2id, and no more of its memory at once than the machine should give.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

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

/// Hashes and checks passwords. Two at a time: each takes 19 MiB and some tens of milliseconds.
#[derive(Clone)]
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    /// Fingerprints of what was found right: git and API clients send the password with every request.
    known: Arc<Mutex<HashSet<[u8; 32]>>>,
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

    /// Whether the password belongs to the hash. Takes as long where there is no hash.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Error> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let fingerprint = self.fingerprint(password, stored.unwrap_or_default());
        if stored.is_some() && self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&fingerprint) {
            return Ok(true);
        }
        let text = stored.map_or_else(|| self.nobody.to_string(), str::to_owned);
        let password = zeroize::Zeroizing::new(password.to_owned());
        let right = self.blocking(move || verify(&password, &text)).await? && stored.is_some();
        if right {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= 1024 {
                known.clear();
            }
            known.insert(fingerprint);
        }
        Ok(right)
    }

    /// Bound to the hash: another password, another fingerprint.
    fn fingerprint(&self, password: &str, stored: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(password.len() as u64).to_le_bytes());
        context.update(password.as_bytes());
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
        for _ in 0..2 {
            assert!(passwords.verify("correct horse", Some(&stored)).await.unwrap());
        }
        for (password, stored) in [("wrong horse", Some(stored.as_str())), ("", Some(&stored)), ("correct horse", None)]
        {
            assert!(!passwords.verify(password, stored).await.unwrap());
        }
        assert!(!passwords.verify("correct horse", Some("no hash")).await.unwrap());
        assert!(passwords.hash("short").await.is_err());
    }
}
