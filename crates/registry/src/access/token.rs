use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Grant;
use crate::Error;

/// Makes and checks signed tokens (JWT, HMAC with SHA-256). The registry is the only one who reads them.
#[derive(Debug)]
pub(crate) struct Signer(hmac::Key);

/// What the tokens call this service.
pub(crate) const SERVICE: &str = "trunkline";

const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Claims {
    iss: String,
    pub(crate) sub: String,
    aud: String,
    exp: u64,
    nbf: u64,
    iat: u64,
    jti: String,
    pub(crate) access: Vec<Grant>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Clocks of one machine do jump a little.
const LEEWAY: u64 = 5;

impl Signer {
    /// With the key in this file, made when it is missing, readable by its owner only.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        use std::io::{Read as _, Write as _};
        use std::os::unix::fs::OpenOptionsExt as _;

        for _ in 0..2 {
            match std::fs::File::open(path) {
                Ok(mut file) => {
                    let mut key = Vec::new();
                    file.read_to_end(&mut key).map_err(Error::io("read", path))?;
                    if key.len() < 32 {
                        return Err(Error::Damaged {
                            path: path.to_owned(),
                            reason: "a key has 32 bytes or more; remove the file to get a new one".to_owned(),
                        });
                    }
                    return Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("read", path)(error)),
            }
            let temporary = path.with_extension(Uuid::new_v4().to_string());
            let written = std::fs::File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&temporary)
                .and_then(|mut file| file.write_all(&random()).and_then(|()| file.sync_all()))
                // Another process may have been faster: then its key counts.
                .and_then(|()| match std::fs::hard_link(&temporary, path) {
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                    other => other,
                });
            let _ = std::fs::remove_file(&temporary);
            written.map_err(Error::io("write", path))?;
        }
        Err(Error::Damaged { path: path.to_owned(), reason: "the key vanished while it was made".to_owned() })
    }

    pub(crate) fn sign(&self, subject: &str, access: Vec<Grant>, life: Duration) -> String {
        let now = now();
        let claims = Claims {
            iss: SERVICE.to_owned(),
            sub: subject.to_owned(),
            aud: SERVICE.to_owned(),
            exp: now.saturating_add(life.as_secs()),
            nbf: now.saturating_sub(LEEWAY),
            iat: now,
            jti: Uuid::new_v4().to_string(),
            access,
        };
        let claims = serde_json::to_string(&claims).unwrap_or_default();
        let signed = format!("{}.{}", BASE64.encode(HEADER), BASE64.encode(claims));
        let signature = BASE64.encode(hmac::sign(&self.0, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// What a token says, when it was made here and is in its time.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        hmac::verify(&self.0, signed.as_bytes(), &BASE64.decode(signature).ok()?).ok()?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()?;
        let now = now();
        let good = header.alg == "HS256"
            && claims.iss == SERVICE
            && claims.aud == SERVICE
            && claims.nbf <= now.saturating_add(LEEWAY)
            && now < claims.exp;
        good.then_some(claims)
    }
}

fn random() -> [u8; 64] {
    let mut key = [0; 64];
    let mut filled = 0;
    while filled < key.len() {
        // Fails only before the kernel's pool is ready, and then waits by itself.
        filled += rustix::rand::getrandom(&mut key[filled..], rustix::rand::GetRandomFlags::empty()).unwrap_or(0);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_tokens_in_their_time() {
        let dir = tempfile::tempdir().unwrap();
        let signer = Signer::open(&dir.path().join("key")).unwrap();
        let again = Signer::open(&dir.path().join("key")).unwrap();
        let other = Signer::open(&dir.path().join("other")).unwrap();
        let token = signer.sign("me", vec![Grant::catalog()], Duration::from_secs(60));
        let claims = again.verify(&token).unwrap();
        assert_eq!((claims.sub.as_str(), claims.access), ("me", vec![Grant::catalog()]));
        assert!(other.verify(&token).is_none());
        assert!(signer.verify(&signer.sign("me", vec![], Duration::ZERO)).is_none());
        for bad in ["", ".", "..", "a.b.c", &token[1..], &token[..token.len() - 2]] {
            assert!(signer.verify(bad).is_none(), "{bad}");
        }
        // No signature at all is no signature.
        let unsigned = BASE64.encode(r#"{"alg":"none"}"#);
        let claims = token.split('.').nth(1).unwrap();
        assert!(signer.verify(&format!("{unsigned}.{claims}.")).is_none());
    }
}
