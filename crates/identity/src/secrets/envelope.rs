//! An envelope: the value under a key of its own, and that key under the master key. Another master key takes the second
//! part only to be written again.
//!
//! Layout: version (1) · id of the master key (8) · nonce (24) · wrapped key (32 + 16) · nonce (24) · value (n + 16).
//! Both are XChaCha20-Poly1305, whose nonces are long enough to be drawn at random. What the value belongs to is associated
//! data of the value, so that nobody who can write to the database can put one secret in another's place.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::master_key::{MasterKey, MasterKeys};
use crate::Error;

const VERSION: u8 = 1;
const ID: usize = 8;
const NONCE: usize = 24;
const WRAPPED: usize = 48;
const HEAD: usize = 1 + ID + NONCE + WRAPPED;
const WRAP: &[u8] = b"trunkline key of an envelope";

/// What a sealed value belongs to: bound to it, and needed to open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aad(Vec<u8>);

impl Aad {
    /// Parts such as `["secret", "repository", "12", "NAME"]`. Each is written with its length, so that no two lists are alike.
    #[must_use]
    pub fn new(parts: &[&str]) -> Self {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Self(bytes)
    }
}

/// Puts the value into an envelope.
pub(crate) fn seal(keys: &MasterKeys, value: &[u8], aad: &Aad) -> Result<Vec<u8>, Error> {
    let mut data_key = Zeroizing::new([0; 32]);
    getrandom::fill(data_key.as_mut()).map_err(|_| Error::NoRandomness)?;
    let mut envelope = Vec::with_capacity(HEAD + NONCE + value.len() + 16);
    envelope.extend_from_slice(&head(keys.current(), &data_key)?);
    let nonce = nonce()?;
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&encrypt(&data_key, &nonce, value, &aad.0)?);
    Ok(envelope)
}

/// Takes the value out.
pub(crate) fn open(keys: &MasterKeys, envelope: &[u8], aad: &Aad) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (data_key, rest) = unwrap(keys, envelope)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(Error::Envelope("it is cut off"))?;
    decrypt(&data_key, nonce, sealed, &aad.0)
        .ok_or(Error::Envelope("it was changed, or belongs to something else than it is stored for"))
}

/// The envelope under the current master key; `None` when it is so already.
pub(crate) fn rewrap(keys: &MasterKeys, envelope: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    if key_id(envelope)? == keys.current().id {
        return Ok(None);
    }
    let (data_key, rest) = unwrap(keys, envelope)?;
    let mut rewrapped = head(keys.current(), &data_key)?;
    rewrapped.extend_from_slice(rest);
    Ok(Some(rewrapped))
}

/// The id of the master key it is under.
fn key_id(envelope: &[u8]) -> Result<[u8; ID], Error> {
    match envelope {
        [VERSION, rest @ ..] if envelope.len() >= HEAD + NONCE + 16 => {
            let mut id = [0; ID];
            id.copy_from_slice(&rest[..ID]);
            Ok(id)
        }
        [VERSION, ..] | [] => Err(Error::Envelope("it is cut off")),
        _ => Err(Error::Envelope("its version is unknown: a newer program wrote it")),
    }
}

fn head(master: &MasterKey, data_key: &[u8; 32]) -> Result<Vec<u8>, Error> {
    let nonce = nonce()?;
    let mut head = Vec::with_capacity(HEAD);
    head.push(VERSION);
    head.extend_from_slice(&master.id);
    head.extend_from_slice(&nonce);
    head.extend_from_slice(&encrypt(&master.key, &nonce, data_key, WRAP)?);
    Ok(head)
}

fn unwrap<'e>(keys: &MasterKeys, envelope: &'e [u8]) -> Result<(Zeroizing<[u8; 32]>, &'e [u8]), Error> {
    let id = key_id(envelope)?;
    let master = keys.find(id).ok_or_else(|| Error::UnknownKey(hex::encode(id)))?;
    let (head, rest) = envelope.split_at(HEAD);
    let (nonce, wrapped) = head[1 + ID..].split_at(NONCE);
    let key = decrypt(&master.key, nonce, wrapped, WRAP).ok_or(Error::Envelope("its key was changed"))?;
    let key = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| Error::Envelope("its key has another length"))?;
    Ok((Zeroizing::new(key), rest))
}

fn nonce() -> Result<[u8; NONCE], Error> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| Error::NoRandomness)?;
    Ok(nonce)
}

fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE], value: &[u8], aad: &[u8]) -> Result<Vec<u8>, Error> {
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher
        .encrypt(&XNonce::from(*nonce), Payload { msg: value, aad })
        .map_err(|_| Error::Crypto("the value is too long to be sealed".to_owned()))
}

fn decrypt(key: &[u8; 32], nonce: &[u8], sealed: &[u8], aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let nonce = XNonce::from(<[u8; NONCE]>::try_from(nonce).ok()?);
    XChaCha20Poly1305::new(key.into()).decrypt(&nonce, Payload { msg: sealed, aad }).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let keys = MasterKeys::from_bytes([1; 32], &[]);
        let aad = Aad::new(&["secret", "repository", "1", "TOKEN"]);
        let envelope = seal(&keys, b"hush", &aad).unwrap();
        assert_eq!(envelope.len(), HEAD + NONCE + 4 + 16);
        assert!(!envelope.windows(4).any(|window| window == b"hush"));
        assert_eq!(open(&keys, &envelope, &aad).unwrap().as_slice(), b"hush");
        assert_ne!(seal(&keys, b"hush", &aad).unwrap(), envelope);

        // In another's place, under another key, or changed at any byte, it does not open.
        for other in [Aad::new(&["secret", "repository", "2", "TOKEN"]), Aad::new(&["secret", "repository", "1TOKEN"])]
        {
            assert!(open(&keys, &envelope, &other).is_err());
        }
        assert!(matches!(open(&MasterKeys::from_bytes([2; 32], &[]), &envelope, &aad), Err(Error::UnknownKey(_))));
        for position in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[position] ^= 1;
            assert!(open(&keys, &changed, &aad).is_err(), "byte {position}");
            assert!(open(&keys, &envelope[..position], &aad).is_err(), "cut at {position}");
        }
    }

    #[test]
    fn another_master_key() {
        let aad = Aad::new(&["x"]);
        let envelope = seal(&MasterKeys::from_bytes([1; 32], &[]), b"hush", &aad).unwrap();
        let both = MasterKeys::from_bytes([2; 32], &[[1; 32]]);
        assert_eq!(open(&both, &envelope, &aad).unwrap().as_slice(), b"hush");
        let rewrapped = rewrap(&both, &envelope).unwrap().unwrap();
        assert_eq!(rewrap(&both, &rewrapped).unwrap(), None);
        assert_eq!(open(&MasterKeys::from_bytes([2; 32], &[]), &rewrapped, &aad).unwrap().as_slice(), b"hush");
        assert_eq!(rewrapped[HEAD..], envelope[HEAD..], "the value itself is not written again");
    }
}
