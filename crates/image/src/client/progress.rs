use std::time::Duration;

use crate::Digest;

/// Hears how a pull or a push goes on. Called often and from several places: it must be quick.
pub trait Progress: Send + Sync {
    fn event(&self, event: Event<'_>);
}

/// Something that happened to one blob or manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A blob is looked at; `size` in bytes as its manifest says.
    Started { digest: &'a Digest, size: u64 },
    /// So many bytes of it are through. Goes back when something starts anew.
    Advanced { digest: &'a Digest, bytes: u64, size: u64 },
    /// A blob is where it should be.
    Finished { digest: &'a Digest, size: u64, outcome: Outcome },
    /// Something failed and is tried again after this time.
    Retrying { what: &'a str, reason: &'a str, after: Duration },
    /// Something worth a line, such as a mirror that did not help.
    Note { text: &'a str },
}

/// How a blob came to be where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there.
    Present,
    /// It was sent, in this direction or the other.
    Moved,
    /// The registry took it over from another of its repositories.
    Mounted,
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _event: Event<'_>) {}
}
