//! The language server: what `lint` knows of a file, told to an editor while somebody types.
//!
//! Owns: the protocol, open files, and the translation of places and answers. Must not: read files or ask git (an
//! [`Opener`] hands projects in), or know what a finding means; every fact comes from `lint` and `workflow`.
//!
//! One thread answers in the order of the messages. Changes are taken in until no message waits; then the files that
//! they concern are looked at once. So a fast typist costs no queue.

mod action;
mod completion;
mod diagnostics;
mod error;
mod hover;
mod navigation;
mod outline;
mod place;
mod position;
mod server;
mod transport;
mod uri;
mod workspace;

pub use error::Error;
pub use server::serve;
pub use transport::serve_stdio;
pub use workspace::{Opened, Opener};
