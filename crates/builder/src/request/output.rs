use std::collections::BTreeMap;
use std::path::PathBuf;

/// One `--output`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What is written.
    pub kind: OutputKind,
    /// Options that the form does not know, for messages.
    pub options: BTreeMap<String, String>,
}

/// The forms of `--output type=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputKind {
    /// The image store, under the build's tags or `name`; then to the registry if `push`.
    Image {
        /// Send it to the registry of each name.
        push: bool,
        /// Names beside the build's tags.
        names: Vec<String>,
        /// Push without a tag, by digest.
        by_digest: bool,
        /// Whether it is kept in the store.
        store: bool,
    },
    /// `type=local`: the files, in a directory. Several platforms get a directory each.
    Local {
        /// The directory.
        dest: PathBuf,
    },
    /// `type=tar`: the files, in an archive; `None` is standard output.
    Tar {
        /// The archive.
        dest: Option<PathBuf>,
    },
    /// `type=oci`: an OCI layout, as an archive unless `tar=false`.
    Oci {
        /// The archive or directory; `None` is standard output.
        dest: Option<PathBuf>,
        /// Whether it is an archive.
        tar: bool,
    },
    /// `type=docker`: an archive for `docker load`; without a destination the image goes to the store.
    Docker {
        /// The archive.
        dest: Option<PathBuf>,
    },
    /// `type=cacheonly`: nothing.
    CacheOnly,
}
