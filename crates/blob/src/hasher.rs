use sha2::Digest as _;

use crate::{Algorithm, Digest};

/// A hash being made. Uses the processor's SHA instructions where it has them.
#[derive(Clone, Debug)]
pub struct Hasher(State);

#[derive(Clone, Debug)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hasher {
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        }
    }

    pub fn update(&mut self, content: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(content),
            State::Sha512(state) => state.update(content),
        }
    }

    /// The digest of everything given so far.
    #[must_use]
    pub fn finish(self) -> Digest {
        let algorithm = self.algorithm();
        let digest = match self.0 {
            State::Sha256(state) => Digest::from_bytes(algorithm, state.finalize().as_slice()),
            State::Sha512(state) => Digest::from_bytes(algorithm, state.finalize().as_slice()),
        };
        #[expect(clippy::expect_used, reason = "the size of a hash is fixed by its algorithm")]
        digest.expect("a hash has the size of its algorithm")
    }
}
