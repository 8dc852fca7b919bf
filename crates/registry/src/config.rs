use std::path::PathBuf;
use std::time::Duration;

use image::client::ClientConfig;

use crate::access::AccessConfig;

/// What a registry is told when it is opened.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything the registry keeps. Made where it is missing; the parts are described in `storage`.
    pub root: PathBuf,
    /// Answer what is there, change nothing: pushes and deletes are refused with `UNSUPPORTED`.
    pub read_only: bool,
    /// Whether clients may delete tags, manifests and blobs.
    pub deletes: bool,
    /// Largest manifest in bytes. Clients expect 4 MiB at least.
    pub max_manifest: u64,
    /// Largest blob in bytes.
    pub max_blob: Option<u64>,
    /// Accept manifests that refer to what was not pushed. Whoever pulls them finds parts missing.
    pub sparse: bool,
    pub access: AccessConfig,
    pub collection: Collection,
    /// Registries whose images are fetched and kept when they are asked for.
    pub upstreams: Vec<Upstream>,
    /// How upstreams are asked: credentials, mirrors, hosts without TLS.
    pub client: ClientConfig,
    /// Other blob stores of this user. A blob that one of them has counts as pushed by whoever may push: it is linked, not
    /// sent. Only for a registry that serves nobody else.
    pub siblings: Vec<blob::Store>,
    /// The address that clients use, such as `https://registry.example.com`; without it, that of the request.
    pub public_url: Option<String>,
}

impl Config {
    /// A registry for everybody who reaches it, with all features, in this directory.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            read_only: false,
            deletes: true,
            max_manifest: 8 << 20,
            max_blob: None,
            sparse: false,
            access: AccessConfig::default(),
            collection: Collection::default(),
            upstreams: Vec::new(),
            client: ClientConfig { retries: 1, ..ClientConfig::default() },
            siblings: Vec::new(),
            public_url: None,
        }
    }
}

/// When what nobody refers to is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Time between collections while serving; `None`: only when asked.
    pub every: Option<Duration>,
    /// What was pushed, mounted or asked for within this time stays, referred to or not: a push takes its time.
    pub grace: Duration,
    /// Remove manifests that no tag, index or subject leads to and that were pushed longer ago; `None` keeps them.
    pub untagged: Option<Duration>,
    /// Uploads that got nothing for so long are given up.
    pub uploads: Duration,
}

impl Default for Collection {
    fn default() -> Self {
        Self {
            every: Some(Duration::from_secs(24 * 3600)),
            grace: Duration::from_secs(3600),
            untagged: None,
            uploads: Duration::from_secs(24 * 3600),
        }
    }
}

/// A registry behind this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its images are found below this name: with `docker.io`, `docker.io/library/alpine`.
    pub prefix: String,
    /// The registry that is asked, as references name it: `docker.io`, `127.0.0.1:5001`.
    pub host: String,
    /// How long a tag is answered from here without asking again.
    pub fresh: Duration,
}
