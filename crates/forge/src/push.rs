//! Changing refs so that nothing is lost: by pushes, by the API and by merges.
//!
//! 1. A lock file is made and locked. git and what it starts inherit it as their standard error: the lock is held for as long
//!    as anybody may still change the refs, whatever became of the server.
//! 2. What is wanted of each ref is written to the database.
//! 3. git changes the refs.
//! 4. One transaction settles what was wanted and tells the events. Only then does the caller get its answer.
//!
//! What is wanted but not settled while nobody holds the lock was left by a crash: the refs themselves say how it ended.

mod change;
mod hook;
mod lock;
mod policy;
mod reconcile;
mod settle;

pub use change::RefChange;
pub(crate) use hook::{Inquiry, install as install_hook};
pub(crate) use lock::PushLock;
pub(crate) use policy::{Command, check_change};
