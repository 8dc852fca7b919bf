//! Tokens the services give out and take back: HS256.

use crate::{Error, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::{digest, hmac, rand};
use serde_json::{Value, json};
use std::fmt::Write;

/// Signs and checks job tokens and blob addresses.
pub(crate) struct Signer {
    key: hmac::Key,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    pub(crate) fn generate() -> Result<Signer> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new());
        Ok(Signer { key: key.map_err(|_| Error::Key("the system gives no random numbers".to_owned()))? })
    }

    /// With a key that several processes share.
    pub(crate) fn of(key: &[u8]) -> Signer {
        Signer { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// A JWT over the claims.
    pub(crate) fn jwt(&self, claims: &Value) -> String {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let mut token = unsigned_jwt(&header, claims);
        let signature = hmac::sign(&self.key, token.as_bytes());
        token.push('.');
        token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
        token
    }

    /// The claims of a JWT this signer made, if it is one and `now` (seconds) lies in its time.
    pub(crate) fn verify_jwt(&self, token: &str, now: i64) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).ok()?;
        // The header is our own once the signature holds, so its algorithm needs no look.
        let (_, claims) = signed.split_once('.')?;
        let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        (now < claims["exp"].as_i64()? && claims["nbf"].as_i64()? <= now).then_some(claims)
    }

    /// `se` and `sig` of an address: what it names, what it allows, until when (seconds).
    pub(crate) fn address_query(&self, what: &str, expires: i64) -> String {
        let signature = hmac::sign(&self.key, address_text(what, expires).as_bytes());
        format!("se={expires}&sig={}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) fn verify_address(&self, what: &str, expires: i64, signature: &str, now: i64) -> bool {
        let Ok(signature) = BASE64_URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        now < expires && hmac::verify(&self.key, address_text(what, expires).as_bytes(), &signature).is_ok()
    }
}

/// Cannot be confused with a JWT's signed text, which has no space.
fn address_text(what: &str, expires: i64) -> String {
    format!("address {what} {expires}")
}

/// Header and claims of a JWT, encoded and joined, to be signed.
pub(crate) fn unsigned_jwt(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// The id GitHub's clients know a run or job by: it may hold neither colons nor spaces, unlike a leg's name.
pub(crate) fn backend_id(parts: &[&str]) -> String {
    let hash = digest::digest(&digest::SHA256, parts.join("\0").as_bytes());
    let mut id = String::with_capacity(36);
    for (position, byte) in hash.as_ref()[..16].iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        let _ = write!(id, "{byte:02x}");
    }
    id
}
