//! Everything Trunkline asks of git, and workspace snapshots.
//!
//! Owns: facts about the user's repository, what changed between commits, read-only snapshots of trees keyed by
//! tree hash, a real `.git` for a job's workspace, the semantics of `actions/checkout`, and finding other
//! repositories (named directories, mirrors, the mirror cache, GitHub).
//!
//! Must not: write to the user's repository (no refs, no objects, not even an index refresh), print, or know
//! about workflows. All calls block; async callers use `spawn_blocking`.

mod cancel;
mod changed_lines;
mod changes;
mod checkout;
mod command;
mod commit;
mod config;
mod content;
mod error;
mod facts;
mod fetched_tree;
mod files;
mod gitdir;
mod index;
mod lookups;
mod refs;
mod repository;
mod snapshot;
mod sources;
mod status;
mod submodules;
mod threads;
mod tree_files;
mod workspace;

pub use cancel::Cancel;
pub use changed_lines::ChangedLines;
pub use changes::{ChangeKind, ChangedFile};
pub use checkout::{CheckoutContext, CheckoutInputs, CheckoutOutcome, Submodules, checkout, checkout_cleanup};
pub use commit::{Commit, Signature};
pub use content::content_hash;
pub use error::GitError;
pub use facts::{Facts, Head};
pub use fetched_tree::{FetchTree, fetch_tree};
pub use gitdir::{GitDirRequest, checkout_git_dir};
pub use refs::Ref;
pub use repository::Repository;
pub use snapshot::{GcReport, Snapshot, SnapshotStore, Source};
pub use sources::{Found, Origin, RepoName, RepositorySource, Sources, Token};
pub use status::{Status, StatusEntry};
pub use submodules::Submodule;
pub use tree_files::{TreeFile, TriedMerge};
pub use workspace::{GitRun, HostWorkspace, Workspace, copy_tree};
