use std::sync::RwLock;

use ring::digest;

use super::Grant;

/// Passwords that stand for grants, under whatever user name: the token of a job.
#[derive(Debug, Default)]
pub(crate) struct Secrets(RwLock<Vec<Secret>>);

#[derive(Debug)]
struct Secret {
    /// SHA-256 of it; the secret itself is not kept.
    hash: [u8; 32],
    subject: String,
    grants: Vec<Grant>,
}

fn hash(secret: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    bytes
}

impl Secrets {
    pub(crate) fn add(&self, secret: &str, subject: &str, grants: Vec<Grant>) {
        if secret.is_empty() {
            return;
        }
        let mut secrets = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        secrets.push(Secret { hash: hash(secret), subject: subject.to_owned(), grants });
    }

    pub(crate) fn remove(&self, secret: &str) {
        let hash = hash(secret);
        let mut secrets = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        secrets.retain(|known| known.hash != hash);
    }

    /// What the secret stands for. Hashes are compared, so the time taken says nothing about the secret.
    pub(crate) fn find(&self, secret: &str) -> Option<(String, Vec<Grant>)> {
        let hash = hash(secret);
        let secrets = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let grants: Vec<&Secret> = secrets.iter().filter(|known| known.hash == hash).collect();
        let subject = grants.first()?.subject.clone();
        Some((subject, grants.iter().flat_map(|secret| secret.grants.iter().cloned()).collect()))
    }
}
