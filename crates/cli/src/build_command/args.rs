use std::path::PathBuf;

use clap::Args;

/// The flags of `docker build`, as buildx has them.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct BuildArgs {
    /// The context: a directory, a git repository, a URL, or - for standard input
    #[arg(value_name = "PATH | URL | -", default_value = ".")]
    pub(crate) context: String,
    /// The Dockerfile [default: PATH/Dockerfile]; - is standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// A name for the image; may be repeated
    #[arg(short, long, value_name = "NAME")]
    pub(crate) tag: Vec<String>,
    /// The value of an ARG; without one, that of the variable of this name
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) build_arg: Vec<String>,
    /// What a name stands for in FROM, --from and from=
    #[arg(long, value_name = "NAME=CONTEXT")]
    pub(crate) build_context: Vec<String>,
    /// The stage to build [default: the last]
    #[arg(long, value_name = "STAGE")]
    pub(crate) target: Option<String>,
    /// For these platforms, such as linux/arm64; several make an index
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',')]
    pub(crate) platform: Vec<String>,
    /// A secret for RUN --mount=type=secret
    #[arg(long, value_name = "id=ID[,src=FILE|env=NAME]")]
    pub(crate) secret: Vec<String>,
    /// An agent or keys for RUN --mount=type=ssh
    #[arg(long, value_name = "ID[=SOCKET|KEY,…]")]
    pub(crate) ssh: Vec<String>,
    /// Do every step anew
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Do the steps of these stages anew
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) no_cache_filter: Vec<String>,
    /// Ask the registry for base images even if they are here
    #[arg(long)]
    pub(crate) pull: bool,
    /// Never ask a registry
    #[arg(long, conflicts_with_all = ["pull", "push"])]
    pub(crate) offline: bool,
    /// A label of the image
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) label: Vec<String>,
    /// An annotation of the manifest or, with index: before it, of the index
    #[arg(long, value_name = "[LEVEL:]KEY=VALUE")]
    pub(crate) annotation: Vec<String>,
    /// Results of earlier builds elsewhere: type=registry,ref=NAME, type=local,src=DIR
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_from: Vec<String>,
    /// Where results are kept for others: type=registry,ref=NAME[,mode=max], type=local,dest=DIR, type=inline
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_to: Vec<String>,
    /// What is written: type=local|tar|oci|docker|image|registry|cacheonly,dest=…
    #[arg(short, long, value_name = "OUTPUT")]
    pub(crate) output: Vec<String>,
    /// Send the image to the registry
    #[arg(long)]
    pub(crate) push: bool,
    /// Keep the image in the store (it is without any output, too)
    #[arg(long)]
    pub(crate) load: bool,
    /// The network of RUN
    #[arg(long, value_name = "default|host|none", default_value = "default")]
    pub(crate) network: String,
    /// A line of /etc/hosts for RUN
    #[arg(long, value_name = "NAME:ADDRESS")]
    pub(crate) add_host: Vec<String>,
    /// The size of /dev/shm, such as 128m
    #[arg(long, value_name = "BYTES")]
    pub(crate) shm_size: Option<String>,
    /// A limit of RUN's processes
    #[arg(long, value_name = "NAME=SOFT[:HARD]")]
    pub(crate) ulimit: Vec<String>,
    /// What the Dockerfile may ask for: network.host, security.insecure
    #[arg(long, value_name = "ENTITLEMENT")]
    pub(crate) allow: Vec<String>,
    /// Attest how the image was made: true, false, mode=min or mode=max
    #[arg(long, value_name = "MODE", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(crate) provenance: Option<String>,
    /// Accepted; no list of packages is made yet
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(crate) sbom: Option<String>,
    /// type=provenance,mode=… or type=sbom
    #[arg(long, value_name = "ATTESTATION")]
    pub(crate) attest: Vec<String>,
    /// How it is told: auto, tty, plain, quiet, rawjson
    #[arg(long, value_name = "MODE", default_value = "auto")]
    pub(crate) progress: String,
    /// Only the image's id at the end
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Look for mistakes in the Dockerfile and build nothing
    #[arg(long)]
    pub(crate) check: bool,
    /// build, check, outline or targets
    #[arg(long, value_name = "METHOD")]
    pub(crate) call: Option<String>,
    /// Write the image's id to a file
    #[arg(long, value_name = "FILE")]
    pub(crate) iidfile: Option<PathBuf>,
    /// Write what came of the build to a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) metadata_file: Option<PathBuf>,
    /// RUNs at the same time [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Open a shell where a RUN failed
    #[arg(long)]
    pub(crate) shell_on_failure: bool,
}
