//! `trunkline serve`: the server.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use server::{LocalRunners, Notice, Server, ServerConfig, ServerError, TlsFiles};

use crate::config::parsed::{Blobs, Listen, Platform, Url};
use crate::config::server_file::ServerFile;
use crate::dirs::Dirs;
use crate::failure::Failure;
use crate::runner_command;

const EXAMPLES: &str = "\
Examples:
  trunkline serve                                  at http://localhost:3000, everything in the user's data directory
  git push http://localhost:3000/ann/app.git main  makes the repository, and runs its workflows
  trunkline serve --listen 0.0.0.0:443 --certificate fullchain.pem --key privkey.pem --public-url https://ci.example.com
  trunkline serve --database postgres://… --blobs s3://bucket   several of these share one database

The first start prints a link with which the first account is made. Everything can stand in trunkline-server.toml, too.
SIGTERM and Ctrl-C finish what is under way, jobs of local runners included; a second one kills them.";

/// Where the server's things are; shared with `trunkline admin`, where they stand before or after its commands.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServerPlaceArgs {
    /// Repositories, database and blobs [default: in the user's data directory]
    #[arg(long, global = true, value_name = "DIR", env = "TRUNKLINE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// `postgres://…`, or a file of SQLite's [default: a file in --data]
    #[arg(long, global = true, value_name = "URL", env = "TRUNKLINE_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Logs, artifacts and caches: a directory, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME [default: in --data]
    #[arg(long, global = true, value_name = "PLACE", env = "TRUNKLINE_BLOBS")]
    pub(crate) blobs: Option<Blobs>,
    /// A file with the key that secrets are sealed with [default: TRUNKLINE_MASTER_KEY, else a file in --data]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) master_key: Option<PathBuf>,
    /// A file of settings [default: trunkline-server.toml here or in /etc/trunkline]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    place: ServerPlaceArgs,
    /// An address and port to listen on; port 0 takes a free one; may be repeated [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDRESS", env = "TRUNKLINE_LISTEN", value_delimiter = ',')]
    listen: Vec<Listen>,
    /// How clients reach the server [default: what it listens on]
    #[arg(long, value_name = "URL", env = "TRUNKLINE_PUBLIC_URL")]
    public_url: Option<Url>,
    /// A certificate with its chain, as PEM: serves HTTPS
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Jobs that run on this machine at a time; 0 leaves them to other runners [default: one for each processor]
    #[arg(long, value_name = "N", env = "TRUNKLINE_RUNNERS")]
    runners: Option<u32>,
    /// Where jobs with this label run on this machine: `sandbox`, `host` or `image:REFERENCE`
    #[arg(short = 'P', long = "platform", value_name = "LABEL=WHERE")]
    platform: Vec<Platform>,
    /// Where actions come from first: OWNER/REPO=DIR, or a directory of OWNER/REPO
    #[arg(long = "action-source", value_name = "SOURCE")]
    action_source: Vec<String>,
    /// Never use the network to find actions
    #[arg(long)]
    offline: bool,
    /// Public repositories can be read without login
    #[arg(long)]
    open: bool,
    /// No registry of images at /v2
    #[arg(long)]
    no_registry: bool,
    /// Only problems
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = config(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::broken)?;
    let done = runtime.block_on(async {
        let stop = runner_command::on_signals()?;
        let (server, listeners) = Server::open(config).await.map_err(failure)?;
        server.run(listeners, stop).await.map_err(failure)
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}

/// What file, environment and arguments say of where things are.
pub(crate) fn place(args: &ServerPlaceArgs) -> Result<(ServerConfig, ServerFile, PathBuf), Failure> {
    let (file, base) = ServerFile::find(args.config.as_deref())?;
    let data = match (&args.data, &file.data) {
        (Some(data), _) => data.clone(),
        (None, Some(data)) => base.join(data),
        (None, None) => Dirs::from_env()?.data.join("server"),
    };
    let mut config = ServerConfig::new(absolute(&data)?);
    config.database = args.database.clone().or_else(|| file.database.clone());
    config.blobs = args.blobs.clone().or_else(|| file.blobs.clone()).map(|blobs| blobs.0);
    config.master_key = match (&args.master_key, &file.master_key) {
        (Some(file), _) => Some(identity::KeySource::File(file.clone())),
        (None, Some(table)) => Some(table.source(&base)?),
        (None, None) => std::env::var_os(MASTER_KEY).map(|_| identity::KeySource::Environment(MASTER_KEY.to_owned())),
    };
    config.retention_days = file.retention_days.unwrap_or(config.retention_days);
    if let Some(table) = &file.master_key {
        config.older_keys = table.older.iter().map(|older| older.source(&base)).collect::<Result<_, _>>()?;
    }
    Ok((config, file, base))
}

/// A runner must be able to speak up several times in it.
const SHORTEST_LEASE: std::time::Duration = std::time::Duration::from_secs(5);

const MASTER_KEY: &str = "TRUNKLINE_MASTER_KEY";

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

fn config(args: &ServeArgs) -> Result<ServerConfig, Failure> {
    let (mut config, file, base) = place(&args.place)?;
    let listen = if args.listen.is_empty() { &file.listen } else { &args.listen };
    if !listen.is_empty() {
        config.listen = listen.iter().map(|listen| listen.0).collect();
    }
    config.public_url = args.public_url.clone().or(file.public_url).map(|url| url.0);
    if let Some(url) = &config.public_url
        && url.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#', '@']))
    {
        let message =
            format!("the server is reached at a host of its own, without a path: `{url}` cannot be its address");
        return Err(Failure::usage(message).hint("such as https://ci.example.com or http://build:3000"));
    }
    config.provider = file.login.as_ref().map(|login| login.settings(&base)).transpose()?;
    config.tls = match (&args.certificate, &args.key, file.tls) {
        (Some(certificate), Some(key), _) => Some(TlsFiles { certificate: certificate.clone(), key: key.clone() }),
        (_, _, Some(tls)) => Some(TlsFiles { certificate: base.join(tls.certificate), key: base.join(tls.key) }),
        (_, _, None) => None,
    };
    config.open = args.open || file.open.unwrap_or(false);
    config.users_create = file.users_create.unwrap_or(config.users_create);
    config.push_to_create = file.push_to_create.unwrap_or(config.push_to_create);
    config.server_url = file.github_server_url.map(|url| url.0);
    if let Some(servers) = file.action_servers {
        config.action_servers = servers.into_iter().map(|url| url.0).collect();
    }
    config.proxies = match (file.forwarded, file.proxies.as_slice()) {
        (Some(false), _) | (None, []) => identity::Proxies::default(),
        (Some(true), []) => identity::Proxies::near(),
        (_, networks) => identity::Proxies::new(networks.iter().map(|proxy| proxy.0).collect()),
    };
    config.metrics = file.metrics.map(|listen| listen.0);
    config.lease = file.lease.map_or(config.lease, |time| time.0);
    if config.lease < SHORTEST_LEASE {
        let shortest = SHORTEST_LEASE.as_secs();
        return Err(Failure::usage(format!("lease: at least {shortest}s, or runners that are well lose their jobs")));
    }
    config.cache_quota = file.cache_quota.map_or(config.cache_quota, |size| size.0);
    config.priorities = file.priority.iter().map(|priority| priority.0.clone()).collect();
    config.schedules_rest_after_days = file.schedules_rest_after_days.unwrap_or(config.schedules_rest_after_days);
    config.repository_quota = file.repository_quota.map(|size| size.0);
    config.registry = !args.no_registry && file.registry.enabled.unwrap_or(true);
    config.registry_for = file.registry.stands_in_for.unwrap_or(config.registry_for);
    config.allow_private = file.outgoing.allow;
    let defaults = LocalRunners::default();
    let mut platforms: Vec<_> = args.platform.iter().map(|platform| platform.0.clone()).collect();
    platforms.extend(file.runners.platforms.into_iter().map(|(label, place)| (label, place.0)));
    config.runners = LocalRunners {
        slots: args.runners.or(file.runners.slots).unwrap_or(defaults.slots),
        labels: file.runners.labels.unwrap_or_default(),
        platforms: agent::Platforms(platforms),
        offline: args.offline || file.runners.offline.unwrap_or(false),
        action_sources: args.action_source.iter().chain(&file.runners.action_sources).cloned().collect(),
        tool_cache: file.runners.tool_cache.map(|path| base.join(path)),
    };
    let quiet = args.quiet;
    config.notices = Arc::new(move |notice| tell(&notice, quiet));
    Ok(config)
}

fn tell(notice: &Notice, quiet: bool) {
    match notice {
        Notice::Listening { addresses, url } => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "listening on {}, reached at {url}", addresses.join(" and "));
            let _ = out.flush();
        }
        Notice::Figures { address } => {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "figures at http://{address}/metrics");
            let _ = out.flush();
        }
        Notice::SetUp { link } => {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "nobody can log in yet; make the first account at\n\n    {link}\n");
            let _ = out.flush();
        }
        Notice::Runner(notice) => runner_command::tell(notice, quiet),
        Notice::Problem { part, message } => runner_command::line(&format!("{part}: {message}")),
        Notice::Stopping if quiet => {}
        Notice::Stopping => runner_command::line("stopping: what is under way is finished first"),
    }
}

pub(crate) fn failure(error: ServerError) -> Failure {
    match &error {
        ServerError::Listen { .. } => {
            Failure::broken(error).hint("choose another address with --listen; port 0 takes a free one")
        }
        ServerError::Data { .. } => Failure::broken(error)
            .hint("choose another directory with --data, or give the user of the server write access"),
        ServerError::Store(store::Error::Unavailable { .. }) => {
            Failure::broken(error).hint("look at --database, TRUNKLINE_DATABASE or `database` in the settings")
        }
        ServerError::InUse { .. } => Failure::broken(error).hint("stop the other one, or give this one another --data"),
        ServerError::Tls(_) => Failure::invalid(format!("error: {error}")),
        _ => Failure::broken(error),
    }
}
