//! What lies at `/` in a sandbox.

use std::path::PathBuf;

/// Where a sandbox's files come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Root {
    /// The host's own files, through overlays: writes vanish with the sandbox.
    #[default]
    Host,
    /// Unpacked image layers. `/proc`, `/dev`, `/sys`, `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf` are mounted over them.
    Layers {
        /// Host directories, bottom first; none is fine and means an empty root. They are only read.
        lowers: Vec<PathBuf>,
        /// Where writes go: a host directory, made when missing. It may hold an earlier sandbox's changes, on the same
        /// lowers. It is left to the caller, complete and without anything of ours in it (places to mount on included),
        /// when the sandbox has been destroyed. A directory next to it, its name with `.work` at the end, is used meanwhile.
        /// `None`: a layer of our own that is removed.
        upper: Option<PathBuf>,
    },
}
