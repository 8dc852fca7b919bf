//! Sealed boxes (libsodium's `crypto_box_seal`): how clients of the API send a secret, encrypted for a key of its scope.

use crypto_box::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::Error;

/// A new pair: the public half, and the secret half to be kept in an envelope.
pub(crate) fn generate() -> Result<([u8; 32], Zeroizing<[u8; 32]>), Error> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut()).map_err(|_| Error::NoRandomness)?;
    let public = SecretKey::from_bytes(*secret).public_key();
    Ok((public.to_bytes(), secret))
}

/// Opens what was sealed for the pair.
pub(crate) fn open(secret: &[u8; 32], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    SecretKey::from_bytes(*secret).unseal(sealed).ok().map(Zeroizing::new)
}

/// Seals for the holder of the other half, as clients do.
pub fn seal_for(public: &[u8; 32], value: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |_| Error::Crypto("the value cannot be sealed".to_owned());
    PublicKey::from_bytes(*public).seal(&mut crypto_box::aead::OsRng, value).map_err(failed)
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_and_back() {
        let (public, secret) = super::generate().unwrap();
        let mut sealed = super::seal_for(&public, b"hush").unwrap();
        assert_eq!(super::open(&secret, &sealed).unwrap().as_slice(), b"hush");
        sealed[40] ^= 1;
        assert!(super::open(&secret, &sealed).is_none() && super::open(&secret, b"short").is_none());
    }
}
