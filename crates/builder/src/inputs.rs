//! What a build reads: the Dockerfile, the context and the named contexts.

mod archive;
mod context;
mod decompress;
mod dockerfile_text;
mod download;
mod git_url;
mod scratch;

pub(crate) use archive::{is_tar_header, unpack_archive};
pub(crate) use context::{Files, fetch};
pub(crate) use decompress::decompressed;
pub(crate) use dockerfile_text::{DockerfileText, ignore_of};
pub(crate) use download::{Downloaded, download, file_name_of, shown};
pub(crate) use git_url::GitUrl;
pub(crate) use scratch::{Scratch, remove};
