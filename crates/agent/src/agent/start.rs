//! From a configuration to a runner that the server knows.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use api::wire::{ErrorCode, HeldJob, Hello, Registration, Secret, Settings};
use sandbox::{LauncherConfig, Placement};
use tokio_util::task::TaskTracker;

use super::{Agent, Backoff, Stop};
use crate::client::{Client, Failure};
use crate::credentials::Credentials;
use crate::job::JobDirectory;
use crate::leases::Leases;
use crate::{AgentConfig, AgentError, Notice, machine};

/// Held as long as the runner lives.
pub(super) struct Lock(#[expect(dead_code, reason = "the lock goes with the open file")] File);

/// `None` when it was told to stop before the server answered.
pub(super) async fn start(config: AgentConfig, stop: Stop) -> Result<Option<(Agent, Lock)>, AgentError> {
    let lock = directories(&config)?;
    // The helper of the sandboxes gets ready while the server is asked.
    let launcher = launcher(&config)?;
    let state = config.state_dir();
    tokio::task::spawn_blocking(move || {
        // What a killed runner left; if it cannot be removed now, the next start tries again.
        let _ = sandbox::sweep(&state);
    });
    let tools = config.tools_dir();
    let tool_cache = tools.canonicalize().map_err(AgentError::io(&tools))?;
    let Some((client, settings, name)) = introduce(&config, &stop).await? else { return Ok(None) };
    let config = AgentConfig { name, ..config };
    let launcher = Arc::new(launcher);
    let agent = Agent {
        client,
        leases: Arc::new(Leases::new(launcher.clone(), &settings)),
        launcher,
        tool_cache,
        stop,
        legs: AtomicU32::new(0),
        told_away: AtomicBool::new(false),
        tasks: TaskTracker::new(),
        config,
    };
    Ok(Some((agent, lock)))
}

fn directories(config: &AgentConfig) -> Result<Lock, AgentError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let make = |path: &Path| {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(AgentError::io(path))
    };
    make(&config.dir)?;
    for dir in [config.cache_dir(), config.state_dir(), config.jobs_dir()] {
        make(&dir)?;
    }
    let tools = config.tools_dir();
    // Steps of any user look in here.
    std::fs::create_dir_all(&tools).map_err(AgentError::io(&tools))?;
    let path = config.dir.join("lock");
    let file = File::create(&path).map_err(AgentError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(AgentError::InUse { path: config.dir.clone() }),
        Err(std::fs::TryLockError::Error(error)) => Err(AgentError::io(&path)(error)),
    }
}

fn launcher(config: &AgentConfig) -> Result<sandbox::Launcher, AgentError> {
    let mut launcher = LauncherConfig::new(config.state_dir());
    launcher.snapshot_root = Some(config.cache_dir());
    launcher.mount_points = runner::mount_points();
    let place = config.platforms.place(&config.labels);
    let count = usize::try_from(config.slots.max(1)).unwrap_or(1);
    launcher.prewarm = (place.placement() == Placement::Isolated).then_some((Placement::Isolated, count));
    Ok(sandbox::Launcher::start(launcher)?)
}

/// Says hello, or registers first. Waits for a server that is away.
async fn introduce(config: &AgentConfig, stop: &Stop) -> Result<Option<(Client, Settings, String)>, AgentError> {
    let hello = Hello {
        labels: config.labels.clone(),
        os: machine::os().to_owned(),
        arch: machine::arch().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        slots: config.slots.max(1),
        jobs: Some(left_over(config)),
    };
    let nobody = Client::new(&config.server, Secret::default())?;
    if let Some(known) = Credentials::load(&config.dir, &config.server_key)? {
        let client = nobody.with_secret(known.secret.clone());
        match patiently(config, stop, || client.hello(&hello)).await {
            None => return Ok(None),
            Some(Ok(settings)) => return Ok(Some((client, settings, known.name))),
            Some(Err(failure)) if failure.code() == Some(ErrorCode::Unauthorized) && config.token.is_some() => {
                Credentials::forget(&config.dir);
            }
            Some(Err(failure)) => return Err(AgentError::Refused(failure.to_string())),
        }
    }
    let token = config.token.clone().ok_or(AgentError::NoToken)?;
    let registration = Registration {
        name: config.name.clone(),
        group: config.group.clone(),
        ephemeral: config.ephemeral,
        machine: hello,
    };
    let client = nobody.with_secret(token);
    match patiently(config, stop, || client.register(&registration)).await {
        None => Ok(None),
        Some(Err(failure)) => Err(AgentError::Refused(failure.to_string())),
        Some(Ok(registered)) => {
            Credentials::of(&config.server_key, &registered).save(&config.dir)?;
            let (name, labels) = (registered.name.clone(), config.labels.clone());
            (config.notices)(Notice::Registered { name: name.clone(), labels });
            Ok(Some((nobody.with_secret(registered.secret), registered.settings, name)))
        }
    }
}

/// Jobs of an earlier process, of which there is something to report.
fn left_over(config: &AgentConfig) -> Vec<HeldJob> {
    let left = JobDirectory::left_over(&config.jobs_dir(), &config.server_key);
    left.into_iter().map(|(held, _)| HeldJob { id: held.job, fence: held.fence }).collect()
}

/// Asks until the server answers; `None` when it was told to stop.
async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    config: &AgentConfig,
    stop: &Stop,
    ask: impl Fn() -> F,
) -> Option<Result<T, Failure>> {
    let mut backoff = Backoff::new();
    let mut told = false;
    loop {
        let failure = tokio::select! {
            answer = ask() => match answer {
                Err(failure @ Failure::Away(_)) => failure,
                answer => return Some(answer),
            },
            () = stop.drain.cancelled() => return None,
        };
        if !std::mem::replace(&mut told, true) {
            (config.notices)(Notice::ServerAway { reason: failure.to_string() });
        }
        tokio::select! {
            () = backoff.pause() => {}
            () = stop.drain.cancelled() => return None,
        }
    }
}
