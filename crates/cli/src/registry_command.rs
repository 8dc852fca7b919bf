//! `trunkline registry`: a registry of images for this machine, a desk or a team.

mod serve;
mod token;
mod user;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::config::{Config, FILE};
use crate::dirs::Dirs;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Serve images over HTTP, until stopped
    Serve(serve::ServeArgs),
    /// Remove what no tag leads to; may run beside `serve`
    Gc(GcArgs),
    /// Users with passwords
    #[command(subcommand)]
    User(user::UserCommand),
    /// Make a token that works as a password, for some repositories and some time
    Token(token::TokenArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Where everything is kept [default: the user's data directory]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// A file with [registry.serve] [default: trunkline.toml of this directory]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Remove manifests without a tag that are older, such as 30d
    #[arg(long, value_name = "AGE", value_parser = age)]
    untagged: Option<std::time::Duration>,
    /// Keep what was pushed or asked for within this time, such as 1h
    #[arg(long, value_name = "TIME", value_parser = age)]
    grace: Option<std::time::Duration>,
}

pub(crate) fn run(command: &RegistryCommand) -> Result<(), Failure> {
    match command {
        RegistryCommand::Serve(args) => serve::run(args),
        RegistryCommand::Gc(args) => collect(args),
        RegistryCommand::User(command) => user::run(command),
        RegistryCommand::Token(args) => token::run(args),
    }
}

fn age(text: &str) -> Result<std::time::Duration, String> {
    crate::config::duration(text).ok_or_else(|| "expected a time such as 30s, 5m, 24h or 30d".to_owned())
}

/// What the file and the arguments say together.
struct Settings {
    file: Config,
    config: registry::Config,
    /// What paths in the file are relative to.
    base: PathBuf,
}

impl Settings {
    fn read(place: &PlaceArgs) -> Result<Self, Failure> {
        let (file, base) = match &place.config {
            Some(path) => (Config::read_file(path)?, path.parent().unwrap_or(Path::new("")).to_owned()),
            None => (Config::read(Path::new("."))?, PathBuf::new()),
        };
        let serve = &file.registry.serve;
        let root = match (&place.root, &serve.root) {
            (Some(root), _) => root.clone(),
            (None, Some(root)) => base.join(root),
            (None, None) => Dirs::from_env()?.data.join("registry"),
        };
        let mut config = serve.config(root, &base);
        config.client = image::client::ClientConfig {
            routes: file.registry.routes(None),
            retries: 1,
            ..image::client::ClientConfig::of_process()
        };
        Ok(Self { file, config, base })
    }

    fn open(&self) -> Result<registry::Registry, Failure> {
        registry::Registry::open(self.config.clone()).map_err(failure)
    }
}

/// How an error of the registry ends the program.
fn failure(error: registry::Error) -> Failure {
    match error {
        registry::Error::Config(_) | registry::Error::Users { .. } => Failure::invalid(error.to_string()),
        _ => Failure::broken(error),
    }
}

fn collect(args: &GcArgs) -> Result<(), Failure> {
    let mut settings = Settings::read(&args.place)?;
    if !settings.config.root.is_dir() {
        let message = format!("there is no registry in {}", settings.config.root.display());
        return Err(Failure::missing(message).hint(format!("name it with --root, or in {FILE}")));
    }
    let collection = &mut settings.config.collection;
    collection.untagged = args.untagged.or(collection.untagged);
    collection.grace = args.grace.unwrap_or(collection.grace);
    let collected = settings.open()?.collect().map_err(failure)?;
    say(&format!(
        "removed {} manifests, {} blobs ({} bytes) and {} uploads",
        collected.manifests, collected.blobs, collected.bytes, collected.uploads
    ))
}

/// A line for the user.
fn say(line: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}").map_err(Failure::broken)
}
