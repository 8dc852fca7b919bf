//! Keys of the cache: digests over all that a result depends on.

use sha2::{Digest as _, Sha256};

use crate::graph::Layer;

/// What a change of the rules changes, so that old results do not count any more.
const VERSION: &str = "trunkline-build-1";

/// 64 hexadecimal digits.
pub(crate) type Key = String;

/// Hashes values so that no two lists of values are alike.
pub(crate) struct Hashing(Sha256);

impl Hashing {
    /// For one kind of thing.
    pub(crate) fn of(kind: &str) -> Self {
        let mut hashing = Self(Sha256::new());
        hashing.text(VERSION);
        hashing.text(kind);
        hashing
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.number(u64::from(flag));
    }

    pub(crate) fn maybe(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        self.text(text.unwrap_or_default());
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    pub(crate) fn key(self) -> Key {
        hex::encode(self.finish())
    }
}

/// The key of files as such, whatever made them.
pub(crate) fn of_layers(layers: &[Layer]) -> Key {
    let mut hashing = Hashing::of("layers");
    for layer in layers {
        hashing.text(&layer.diff_id.to_string());
    }
    hashing.key()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_run_together() {
        let key = |words: &[&str]| {
            let mut hashing = Hashing::of("x");
            words.iter().for_each(|word| hashing.text(word));
            hashing.key()
        };
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_ne!(key(&["ab"]), key(&["ab", ""]));
        assert_eq!(key(&["a"]), key(&["a"]));
    }
}
