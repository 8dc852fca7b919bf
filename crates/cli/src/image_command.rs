//! `trunkline image`: the images of this machine.

mod changes;
mod files;
mod inspect;
mod list;
mod progress;
mod prune;
mod remove;
mod shown;
mod transfer;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Bring an image from a registry
    Pull(PullArgs),
    /// Send an image to a registry
    Push(PushArgs),
    /// List images
    #[command(visible_alias = "list")]
    Ls(ListArgs),
    /// Give an image another name
    Tag(TagArgs),
    /// Take names away, and images without any other name with them
    #[command(visible_alias = "remove")]
    Rm(RemoveArgs),
    /// Show all that is known of images, as JSON
    Inspect(InspectArgs),
    /// Write images into an archive that docker loads, or into an OCI layout
    Save(SaveArgs),
    /// Read images from an archive of docker's, or from an OCI layout
    Load(LoadArgs),
    /// Make an image from a tar archive of a root directory
    Import(ImportArgs),
    /// Write the files of an image into one tar archive
    Export(ExportArgs),
    /// Remove images without a name, and everything that no image needs
    Prune(PruneArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PullArgs {
    /// The image: NAME, NAME:TAG or NAME@DIGEST
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// For this platform, such as linux/arm64 [default: this machine's]
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    /// For every platform there is
    #[arg(long, conflicts_with = "platform")]
    pub(crate) all_platforms: bool,
    /// Only the image's name at the end
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PushArgs {
    /// The image, named as it is to be named at the registry
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// Every tag of the repository
    #[arg(short, long)]
    pub(crate) all_tags: bool,
    /// Only the image's name at the end
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ListArgs {
    /// Only images of this repository, or of this name; `*` stands for anything
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Only what fits: dangling=true, dangling=false, reference=PATTERN; may be repeated
    #[arg(short, long, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// The digests of manifests, too
    #[arg(long)]
    pub(crate) digests: bool,
    /// Whole ids
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Only ids
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// `table`, or `json`: one object a line
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    #[default]
    Table,
    Json,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct TagArgs {
    /// A name, or the beginning of an id
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The new name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Names, or beginnings of ids
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
    /// An id with several names, too; no error for what is not there
    #[arg(short, long)]
    pub(crate) force: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct InspectArgs {
    /// Names, or beginnings of ids
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
    /// Of an image for several platforms, this one [default: this machine's]
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    /// `json`: everything on one line
    #[arg(short, long, value_name = "FORMAT", value_parser = ["json"])]
    pub(crate) format: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SaveArgs {
    /// Names, or beginnings of ids
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
    /// The file, or the directory of an OCI layout [default: standard output]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// What is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) format: SaveFormat,
    /// The platform that docker before version 25 gets of an image for several [default: this machine's]
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SaveFormat {
    /// A tar archive for `docker load`, which is an OCI layout, too
    #[default]
    #[value(alias = "docker")]
    DockerArchive,
    /// An OCI layout in a tar archive
    #[value(alias = "oci")]
    OciArchive,
    /// An OCI layout in a directory; one that is there is added to
    OciDir,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct LoadArgs {
    /// The archive, or the directory of an OCI layout [default: standard input]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) input: Option<PathBuf>,
    /// A name for an image that has none in the archive
    #[arg(short, long, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// Nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImportArgs {
    /// A tar archive, compressed or not; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The image's name
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A Dockerfile instruction for its configuration, such as CMD or ENV; may be repeated
    #[arg(short, long, value_name = "INSTRUCTION")]
    pub(crate) change: Vec<String>,
    /// A line for its history
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// The platform of what is in the archive [default: this machine's]
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArgs {
    /// A name, or the beginning of an id
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// The file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Of an image for several platforms, this one [default: this machine's]
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PruneArgs {
    /// Images with names, too
    #[arg(short, long)]
    pub(crate) all: bool,
    /// What builds have left to be quick the next time, too
    #[arg(long)]
    pub(crate) build_cache: bool,
    /// Without asking
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Say what would go, and leave it
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Only what is older: until=24h
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
}

pub(crate) fn run(command: &ImageCommand) -> Result<(), Failure> {
    match command {
        ImageCommand::Pull(args) => transfer::pull(args),
        ImageCommand::Push(args) => transfer::push(args),
        ImageCommand::Ls(args) => list::run(args),
        ImageCommand::Tag(args) => remove::tag(args),
        ImageCommand::Rm(args) => remove::run(args),
        ImageCommand::Inspect(args) => inspect::run(args),
        ImageCommand::Save(args) => files::save(args),
        ImageCommand::Load(args) => files::load(args),
        ImageCommand::Import(args) => files::import(args),
        ImageCommand::Export(args) => files::export(args),
        ImageCommand::Prune(args) => prune::run(args),
    }
}
