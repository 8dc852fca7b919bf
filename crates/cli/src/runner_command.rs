//! `trunkline runner`: takes jobs of a server on this machine.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use agent::{AgentConfig, AgentError, Notice, Stop};
use api::wire::Secret;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::parsed::{Platform, Size, Url};
use crate::config::runner_file::{Network, RunnerFile};
use crate::dirs::Dirs;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  trunkline admin runner-token                                      on the server: a token, good once within the hour
  trunkline runner --server https://ci.example.com --token TOKEN    registers this machine, and takes jobs
  trunkline runner --server https://ci.example.com                  from then on it is known
  trunkline runner --server … --token … --ephemeral                 for one job

The first SIGTERM or Ctrl-C takes no further jobs and waits for those that run; the second kills them, and the server queues
them again. Everything can stand in trunkline-runner.toml, too.";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunnerArgs {
    /// The server's address
    #[arg(long, value_name = "URL", env = "TRUNKLINE_SERVER")]
    server: Option<Url>,
    /// Registers this runner; needed once
    #[arg(long, value_name = "TOKEN", env = "TRUNKLINE_RUNNER_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file with the token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// How the server names it [default: this machine's name]
    #[arg(long, value_name = "NAME", env = "TRUNKLINE_RUNNER_NAME")]
    name: Option<String>,
    /// Labels that jobs ask for in `runs-on`, with commas between [default: those of this machine]
    #[arg(long, value_name = "LABELS", value_delimiter = ',', env = "TRUNKLINE_RUNNER_LABELS")]
    labels: Vec<String>,
    /// The runner group it joins
    #[arg(long, value_name = "GROUP", env = "TRUNKLINE_RUNNER_GROUP")]
    group: Option<String>,
    /// Take one job, then be forgotten
    #[arg(long)]
    ephemeral: bool,
    /// Jobs at a time [default: 1]
    #[arg(long, value_name = "N", env = "TRUNKLINE_RUNNER_SLOTS")]
    slots: Option<u32>,
    /// The runner's own directory [default: in the user's data directory]
    #[arg(long, value_name = "DIR", env = "TRUNKLINE_RUNNER_DIR")]
    dir: Option<PathBuf>,
    /// Where jobs with this label run: `sandbox`, `host` or `image:REFERENCE`
    #[arg(short = 'P', long = "platform", value_name = "LABEL=WHERE")]
    platform: Vec<Platform>,
    /// `host` lets jobs use the machine's network, `none` gives them only a loopback of their own
    #[arg(long, value_name = "NETWORK")]
    network: Option<Network>,
    /// Memory for each job, such as 2g
    #[arg(long, value_name = "BYTES")]
    memory: Option<Size>,
    /// Processors for each job, such as 1.5
    #[arg(long, value_name = "N")]
    cpus: Option<f64>,
    /// Processes for each job
    #[arg(long, value_name = "N")]
    pids: Option<u64>,
    /// Where actions come from first: OWNER/REPO=DIR, or a directory of OWNER/REPO
    #[arg(long = "action-source", value_name = "SOURCE")]
    action_source: Vec<String>,
    /// Never use the network to find actions
    #[arg(long)]
    offline: bool,
    /// A file of settings [default: trunkline-runner.toml here or in /etc/trunkline]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only problems
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(args: &RunnerArgs) -> Result<(), Failure> {
    let config = config(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::broken)?;
    let done = runtime.block_on(async {
        let stop = on_signals()?;
        agent::run(config, stop).await.map_err(failure)
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}

fn config(args: &RunnerArgs) -> Result<AgentConfig, Failure> {
    let file = RunnerFile::find(args.config.as_deref())?;
    let server = args.server.clone().or(file.server).ok_or_else(|| {
        Failure::usage("which server? name it with --server, TRUNKLINE_SERVER or in trunkline-runner.toml")
    })?;
    let name = args.name.clone().or(file.name).unwrap_or_else(machine_name);
    let dir = match args.dir.clone().or(file.dir) {
        Some(dir) => dir,
        None => Dirs::from_env()?.data.join("runner"),
    };
    let mut config = AgentConfig::new(server.0, name, dir);
    let token_file = args.token_file.clone().or(file.token_file);
    config.token = match (&args.token, token_file) {
        (Some(token), _) => Some(Secret::new(token.clone())),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Failure::missing(format!("{}: {error}", path.display())))?;
            Some(Secret::new(text.trim().to_owned()))
        }
        (None, None) => None,
    };
    if !args.labels.is_empty() {
        config.labels.clone_from(&args.labels);
    } else if let Some(labels) = file.labels {
        config.labels = labels;
    }
    config.group = args.group.clone().or(file.group);
    config.ephemeral = args.ephemeral || file.ephemeral.unwrap_or(false);
    config.slots = args.slots.or(file.slots).unwrap_or(1);
    config.tool_cache = file.tool_cache;
    config.platforms.0 = args.platform.iter().map(|platform| platform.0.clone()).collect();
    config.platforms.0.extend(file.platforms.into_iter().map(|(label, place)| (label, place.0)));
    config.network = match args.network.or(file.network) {
        Some(Network::None) => sandbox::Network::Private,
        Some(Network::Host) | None => sandbox::Network::Host,
    };
    config.limits = sandbox::Limits {
        memory_bytes: args.memory.clone().or(file.memory).map(|size| size.0),
        pids: args.pids.or(file.pids),
        cpus: args.cpus.or(file.cpus),
    };
    for text in args.action_source.iter().chain(&file.action_sources) {
        config.action_sources.push(agent::action_source(text).map_err(Failure::usage)?);
    }
    config.offline = args.offline || file.offline.unwrap_or(false);
    let quiet = args.quiet;
    config.notices = Arc::new(move |notice| tell(&notice, quiet));
    Ok(config)
}

fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "runner".to_owned() } else { name.to_owned() }
}

/// The first signal drains, the second kills.
pub(crate) fn on_signals() -> Result<Stop, Failure> {
    let stop = Stop::default();
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::broken)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(Failure::broken)?;
    let told = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
            if told.drain.is_cancelled() {
                told.now.cancel();
            }
            told.drain.cancel();
        }
    });
    Ok(stop)
}

/// One line for one thing to know.
pub(crate) fn tell(notice: &Notice, quiet: bool) {
    let text = match notice {
        Notice::Registered { name, labels } => format!("registered as {name}, with the labels {}", labels.join(", ")),
        Notice::Listening { name, slots } => format!("runner {name} waits for jobs, {slots} at a time"),
        Notice::JobStarted { job, repository, name } => format!("job {job} of {repository}: {name}"),
        Notice::JobFinished { job, name, conclusion } => format!("job {job} {conclusion}: {name}"),
        Notice::JobLost { job, reason } => format!("job {job} was given up: {reason}"),
        Notice::ServerAway { reason } => format!("waiting for the server: {reason}"),
        Notice::ServerBack => "the server is back".to_owned(),
        Notice::Draining { running } => format!("taking no further jobs; {running} still run"),
        Notice::Problem { message } => message.clone(),
    };
    let problem = matches!(notice, Notice::JobLost { .. } | Notice::ServerAway { .. } | Notice::Problem { .. });
    if problem || !quiet {
        line(&text);
    }
}

/// A line with its time. Names come from users: nothing of them may reach the terminal as a command to it.
pub(crate) fn line(text: &str) {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let text: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let _ = writeln!(std::io::stderr(), "{now} {text}");
}

fn failure(error: AgentError) -> Failure {
    match &error {
        AgentError::Address { .. } => Failure::usage(error),
        AgentError::NoToken => Failure::missing(error)
            .hint("make a token with `trunkline admin runner-token` on the server, and give it with --token"),
        AgentError::Refused(_) => Failure::missing(error).hint("register it again with a fresh --token"),
        AgentError::Credentials { .. } => Failure::invalid(error.to_string()),
        AgentError::Io { .. } | AgentError::InUse { .. } | AgentError::Sandbox(_) => Failure::broken(error),
    }
}
