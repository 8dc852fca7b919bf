//! What is asked for: everything that `docker build` takes, in types.

mod cache_location;
mod output;
mod secret;

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::{Platform, Reference};

pub use cache_location::{CacheLocation, CacheMode};
pub use output::{Output, OutputKind};
pub use secret::{Secret, SshAgent};

/// A build. Everything that is left at its default is what `docker build` does without the flag.
#[derive(Debug, Clone, Default)]
pub struct Build {
    /// Where the instructions come from.
    pub dockerfile: DockerfileSource,
    /// What `COPY` and `ADD` take files from.
    pub context: Context,
    /// `--build-context`: names that stand for something else than the stage or image of that name.
    pub contexts: BTreeMap<String, Context>,
    /// `--build-arg`.
    pub args: BTreeMap<String, String>,
    /// `--secret`, by id.
    pub secrets: BTreeMap<String, Secret>,
    /// `--ssh`, by id (`default`).
    pub ssh: BTreeMap<String, SshAgent>,
    /// `--target`; the last stage if `None`.
    pub target: Option<String>,
    /// `--platform`; this machine's if empty. More than one makes an index.
    pub platforms: Vec<Platform>,
    /// `-t`.
    pub tags: Vec<Reference>,
    /// `--label`; they win over those of the Dockerfile.
    pub labels: BTreeMap<String, String>,
    /// `--annotation`.
    pub annotations: Vec<Annotation>,
    /// `--cache-from`. The store's own cache is always looked at.
    pub cache_from: Vec<CacheLocation>,
    /// `--cache-to`.
    pub cache_to: Vec<CacheLocation>,
    /// `--output`. Without any, the image goes to the store.
    pub outputs: Vec<Output>,
    /// `--no-cache` and `--no-cache-filter`.
    pub no_cache: NoCache,
    /// `--pull`: ask the registry for base images even when the store has them.
    pub pull: bool,
    /// `--network`: what a `RUN` without `--network` gets.
    pub network: NetworkMode,
    /// `--add-host`: name and address.
    pub add_hosts: Vec<(String, String)>,
    /// `--shm-size`, in bytes.
    pub shm_size: Option<u64>,
    /// `--ulimit`: name, soft and hard limit.
    pub ulimits: Vec<(String, u64, u64)>,
    /// `--allow`.
    pub allow: Entitlements,
    /// Seconds since 1970: the time of everything the build makes. `None` takes `SOURCE_DATE_EPOCH` of [`Self::args`], then
    /// [`DEFAULT_EPOCH`].
    pub source_date_epoch: Option<i64>,
    /// `--provenance`.
    pub provenance: Provenance,
    /// `--sbom`: accepted, and said to be left out.
    pub sbom: bool,
    /// `RUN`s at the same time; the number of processors if `None`.
    pub jobs: Option<usize>,
    /// Never ask a registry for what the store has not.
    pub offline: bool,
    /// What is done with a `RUN` that failed before its sandbox goes.
    pub on_failure: Option<crate::OnFailure>,
}

/// 1980-01-01T00:00:00Z: the time that everything a build makes carries unless it is told another. It is the earliest that zip
/// archives can hold, so that tools which pack files of the image do not stumble.
pub const DEFAULT_EPOCH: i64 = 315_532_800;

/// Where the instructions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DockerfileSource {
    /// A file of the context, `Dockerfile` unless named.
    InContext(PathBuf),
    /// A file of this machine. `<file>.dockerignore` beside it is looked at first.
    File(PathBuf),
    /// The text itself, with the name that messages give it.
    Text {
        /// For messages.
        name: String,
        /// The instructions.
        text: String,
    },
}

impl Default for DockerfileSource {
    fn default() -> Self {
        Self::InContext(PathBuf::from("Dockerfile"))
    }
}

/// Where files come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Context {
    /// No files at all.
    #[default]
    Empty,
    /// A directory of this machine.
    Directory(PathBuf),
    /// A tar archive (plain, gzip, bzip2, xz or zstd) in a file: what standard input held. A file that is no archive is taken
    /// to be the Dockerfile itself, with an empty context.
    Archive(PathBuf),
    /// A URL of a tar archive or of a Dockerfile.
    Url(String),
    /// A git repository: `https://host/repo.git#ref:directory`.
    Git(String),
    /// An image: `docker-image://`. For named contexts only.
    Image(Reference),
    /// A directory in OCI layout, and a tag or digest in it: `oci-layout://dir:tag`. For named contexts only.
    OciLayout {
        /// The directory.
        path: PathBuf,
        /// A tag or digest; the only image there if `None`.
        selector: Option<String>,
    },
    /// A stage of the same Dockerfile: `target:name`. For named contexts only.
    Stage(String),
}

/// Which results of earlier builds are not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NoCache {
    /// All are.
    #[default]
    No,
    /// None of any stage.
    All,
    /// None of these stages.
    Stages(Vec<String>),
}

/// The network of a `RUN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NetworkMode {
    /// The host's: what can be reached from here can be reached from there.
    #[default]
    Default,
    /// The host's, too.
    Host,
    /// Nothing but a loopback of its own.
    None,
}

/// What a Dockerfile may ask for beyond a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entitlements {
    /// `network.host`: `RUN --network=host`.
    pub network_host: bool,
    /// `security.insecure`: `RUN --security=insecure`.
    pub security_insecure: bool,
}

/// Whether an attestation says how the image was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provenance {
    /// No attestation: the digest depends on nothing but what is in the image.
    #[default]
    None,
    /// Materials and parameters without values that may be private.
    Min,
    /// Everything but secrets: build arguments, the Dockerfile, the steps.
    Max,
}

/// A key and value in a manifest or index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Where it goes.
    pub level: AnnotationLevel,
    /// Only for the manifest of this platform; all if `None`.
    pub platform: Option<Platform>,
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Where an annotation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnnotationLevel {
    /// The image's manifest.
    #[default]
    Manifest,
    /// The index over several platforms.
    Index,
    /// The index's entry for the manifest.
    ManifestDescriptor,
    /// The entry for the index in an OCI layout.
    IndexDescriptor,
}
