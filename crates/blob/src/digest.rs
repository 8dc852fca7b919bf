use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a blob is hashed. The OCI image specification registers these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// `sha256` or `sha512`, as in digests and as the name of the directory.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Bytes of a hash.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The name of a blob: an algorithm and the hash of its content. Written `sha256:<64 hex digits>`, lower case only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    /// The hash; what the algorithm does not use is zero.
    bytes: [u8; 64],
}

/// Why a text is no digest.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParseDigestError {
    #[error("`{0}` is no digest: expected `sha256:` or `sha512:` and the hash in hex")]
    Form(String),
    #[error("digest algorithm `{0}` is not supported: expected sha256 or sha512")]
    Algorithm(String),
    #[error("`{text}` is no digest: expected {expected} lower-case hex digits after `{algorithm}:`")]
    Hex { text: String, algorithm: &'static str, expected: usize },
}

impl Digest {
    /// From a hash; `None` when it has not as many bytes as the algorithm gives.
    #[must_use]
    pub fn from_bytes(algorithm: Algorithm, hash: &[u8]) -> Option<Self> {
        if hash.len() != algorithm.size() {
            return None;
        }
        let mut bytes = [0; 64];
        bytes[..hash.len()].copy_from_slice(hash);
        Some(Self { algorithm, bytes })
    }

    /// The SHA-256 digest of some bytes.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self::with(Algorithm::Sha256, content)
    }

    /// The digest of some bytes.
    #[must_use]
    pub fn with(algorithm: Algorithm, content: &[u8]) -> Self {
        let mut hasher = crate::Hasher::new(algorithm);
        hasher.update(content);
        hasher.finish()
    }

    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hash itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.size()]
    }

    /// The hash in hex, without the algorithm.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.bytes())
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = || text.chars().take(160).collect::<String>();
        let (name, hash) = text.split_once(':').ok_or_else(|| ParseDigestError::Form(shown()))?;
        let algorithm = Algorithm::named(name).ok_or_else(|| {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte)) {
                ParseDigestError::Form(shown())
            } else {
                ParseDigestError::Algorithm(name.chars().take(80).collect())
            }
        })?;
        let bad =
            || ParseDigestError::Hex { text: shown(), algorithm: algorithm.name(), expected: algorithm.size() * 2 };
        if hash.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(bad());
        }
        let mut bytes = [0; 64];
        hex::decode_to_slice(hash, &mut bytes[..algorithm.size()]).map_err(|_| bad())?;
        Ok(Self { algorithm, bytes })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_hashes() {
        assert_eq!(
            Digest::of(b"").to_string(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            Digest::with(Algorithm::Sha512, b"abc").to_string(),
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
             454d4423643ce80e2a9ac94fa54ca49f"
        );
    }

    #[test]
    fn what_is_no_digest() {
        let upper = format!("sha256:{}", "A".repeat(64));
        let long = format!("sha256:{}", "a".repeat(65));
        for (text, expected) in [
            ("", "`` is no digest: expected `sha256:` or `sha512:` and the hash in hex"),
            ("abc", "`abc` is no digest: expected `sha256:` or `sha512:` and the hash in hex"),
            ("../x:1", "`../x:1` is no digest: expected `sha256:` or `sha512:` and the hash in hex"),
            ("md5:00", "digest algorithm `md5` is not supported: expected sha256 or sha512"),
            ("sha256:00", "`sha256:00` is no digest: expected 64 lower-case hex digits after `sha256:`"),
        ] {
            assert_eq!(text.parse::<Digest>().unwrap_err().to_string(), expected);
        }
        assert!(upper.parse::<Digest>().is_err());
        assert!(long.parse::<Digest>().is_err());
    }

    proptest! {
        #[test]
        fn text_and_back(content: Vec<u8>, long: bool) {
            let algorithm = if long { Algorithm::Sha512 } else { Algorithm::Sha256 };
            let digest = Digest::with(algorithm, &content);
            prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = text.parse::<Digest>();
        }
    }
}
