//! The RSA key identity tokens are signed with: made when first needed, then kept.

use crate::disk::sync_dir;
use crate::token::unsigned_jwt;
use crate::{Error, Result};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{digest, rand};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

const BITS: usize = 2048;

/// Signs identity tokens and publishes its public half.
pub struct IssuerKey {
    pair: RsaKeyPair,
    kid: String,
    modulus: String,
    exponent: String,
}

impl std::fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl IssuerKey {
    /// Reads the key under `oidc/` in the data directory, or makes it; takes up to a second then.
    pub(crate) fn load(data_dir: &Path) -> Result<IssuerKey> {
        let dir = data_dir.join("oidc");
        let path = dir.join("key.pem");
        match fs::read_to_string(&path) {
            Ok(pem) => IssuerKey::from_pem(&path, &pem),
            Err(error) if error.kind() == ErrorKind::NotFound => IssuerKey::create(&dir, &path),
            Err(error) => Err(Error::io(&path)(error)),
        }
    }

    /// A new key, as PEM; takes up to a second.
    pub fn fresh() -> Result<String> {
        let unusable = |error: rsa::pkcs1::Error| Error::Key(error.to_string());
        let private = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS);
        let der = private.map_err(|error| Error::Key(error.to_string()))?.to_pkcs1_der().map_err(unusable)?;
        Ok(to_pem(der.as_bytes()))
    }

    fn create(dir: &Path, path: &Path) -> Result<IssuerKey> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(Error::io(dir))?;
        let lock_path = dir.join("lock");
        let lock = File::create(&lock_path).map_err(Error::io(&lock_path))?;
        lock.lock().map_err(Error::io(&lock_path))?;
        // Another process may have made it while this one waited.
        if let Ok(pem) = fs::read_to_string(path) {
            return IssuerKey::from_pem(path, &pem);
        }
        let pem = IssuerKey::fresh()?;
        let new = dir.join("key.pem.new");
        // A leftover of a killed process; its mode is not known.
        crate::disk::remove_file(&new)?;
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new).map_err(Error::io(&new))?;
        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io(&new))?;
        fs::rename(&new, path).map_err(Error::io(path))?;
        sync_dir(dir)?;
        IssuerKey::from_pem(path, &pem)
    }

    /// From PEM; `path` is how errors name where it comes from.
    pub fn from_pem(path: &Path, pem: &str) -> Result<IssuerKey> {
        let unusable =
            |what: String| Error::Key(format!("{} {what}; remove it to have a new one made", path.display()));
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64_STANDARD.decode(body).map_err(|_| unusable("is not a PEM file".to_owned()))?;
        let private = rsa::RsaPrivateKey::from_pkcs1_der(&der).map_err(|error| unusable(error.to_string()))?;
        let pair = RsaKeyPair::from_der(&der).map_err(|error| unusable(error.to_string()))?;
        let modulus = BASE64_URL_SAFE_NO_PAD.encode(private.n().to_bytes_be());
        let exponent = BASE64_URL_SAFE_NO_PAD.encode(private.e().to_bytes_be());
        // RFC 7638: the members of the public key in this order, without spaces.
        let thumbprint = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let kid = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, thumbprint.as_bytes()));
        Ok(IssuerKey { pair, kid, modulus, exponent })
    }

    /// The JSON Web Key Set.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [{
            "kty": "RSA", "alg": "RS256", "use": "sig",
            "kid": self.kid, "n": self.modulus, "e": self.exponent,
        }]})
    }

    /// A signed token over the claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String> {
        let mut token = unsigned_jwt(&json!({"typ": "JWT", "alg": "RS256", "kid": self.kid}), claims);
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &rand::SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| Error::Key("the token could not be signed".to_owned()))?;
        token.push('.');
        token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
        Ok(token)
    }
}

fn to_pem(der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN RSA PRIVATE KEY-----\n");
    for line in body.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str("-----END RSA PRIVATE KEY-----\n");
    pem
}
