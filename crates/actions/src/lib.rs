//! Resolving `uses:` to something that can run.
//!
//! Owns: reading a `uses` value, the order in which an action is looked for (native, cache, named sources, GitHub),
//! the lock file and vendored actions.
//!
//! Must not: read an action's metadata (crate `workflow` does), run anything, print. All calls block; async callers
//! use `spawn_blocking`.

mod error;
pub mod glob;
mod lock;
pub mod native;
mod patience;
mod remote;
mod resolve;
mod uses;
mod walk;

pub use error::ActionError;
pub use lock::{LockFile, LockedAction};
pub use patience::give_up_on;
pub use resolve::{ActionKind, NativeMode, NativeTable, ResolvedAction, ResolvedFile, Resolver};
pub use uses::{Uses, UsesError};
pub use walk::{ListUses, Locker, Problem};
