//! What a job uses of this machine, made from its specification.

use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use actions::native::{Images, Registries, SharedSnapshot};
use actions::{LockFile, NativeMode, Resolver};
use api::Event;
use api::wire::{JobSpec, NativeActions};
use git::{RepoName, Repository, SnapshotStore, Sources, Token};
use image::auth::Credentials;
use image::client::Routes;
use runner::{Masker, Surroundings};
use services::{JobEnvironment, Services};
use span::SourceMap;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::JobDirectory;
use crate::AgentConfig;
use crate::agent::Agent;
use crate::outbox::LogSource;

/// What the surroundings are made of.
pub(super) struct Places<'a> {
    pub(super) agent: &'a Agent,
    pub(super) directory: &'a JobDirectory,
    pub(super) events: UnboundedSender<Event>,
    pub(super) log_begins: oneshot::Sender<LogSource>,
}

pub(super) struct Prepared {
    pub(super) around: Surroundings,
}

/// # Errors
/// A sentence about what the machine or the server lacks.
pub(super) async fn make(places: Places<'_>, spec: &JobSpec) -> Result<Prepared, String> {
    let Places { agent, directory, events, log_begins } = places;
    let config = &agent.config;
    let name = RepoName::parse(&spec.repository.name)
        .ok_or_else(|| format!("`{}` is no name of a repository", spec.repository.name))?;
    let cache_dir = config.cache_dir().join("repositories").join(key(&config.server_key, spec.repository.id));
    let sources = Sources {
        entries: config.action_sources.clone(),
        cache_dir: cache_dir.clone(),
        offline: config.offline,
        server_url: base(&spec.repository.clone_url, &spec.repository.name, &config.server),
        token: Token::new(spec.repository.token.expose()),
        keep_token: true,
        more_servers: spec.actions.servers.clone(),
    };
    let (repository, snapshots, lock) = on_disk(config.local_git.clone(), &sources, &name, spec).await?;
    let native = match spec.actions.native {
        NativeActions::Prefer => NativeMode::Prefer,
        NativeActions::Never => NativeMode::Never,
        NativeActions::Only => NativeMode::Only,
    };
    let resolver = Resolver::new(sources.clone(), snapshots.clone())
        .with_native(native, Arc::new(actions::native::Table))
        .with_lock(lock, None);
    let environment = JobEnvironment {
        action_env: spec.access.action_env.expose().clone(),
        run_env: spec.access.run_env.expose().clone(),
        secrets_to_mask: spec.access.mask.expose().clone(),
    };
    let services = Services::on_server(&spec.access.url, environment, &directory.path().join("services"))
        .map_err(|error| format!("the server's services cannot be used: {error}"))?;
    let mut images = Images::new(
        config.dir.join("images"),
        agent.launcher.clone(),
        config.dir.join("builder"),
        registries(config, spec),
    );
    images.offline = config.offline;
    let log_begins = Mutex::new(Some(log_begins));
    let mut hide = config.hide.clone();
    hide.push(config.dir.clone());
    Ok(Prepared {
        around: Surroundings {
            launcher: agent.launcher.clone(),
            services: Arc::new(services),
            resolver: Arc::new(resolver),
            repository: repository.clone(),
            sources: Arc::new(sources),
            snapshot: Arc::new(SharedSnapshot::new(repository, snapshots.clone(), Some(spec.repository.sha.clone()))),
            snapshots,
            repository_name: name,
            remote_url: spec.repository.clone_url.trim_end_matches(".git").to_owned(),
            source_map: Arc::new(Mutex::new(SourceMap::new())),
            record_dir: directory.logs(),
            runner_name: agent.config.name.clone(),
            tool_cache: agent.tool_cache.clone(),
            events,
            logs: Some(Arc::new(move |_, log| {
                let waiting = log_begins.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
                if let Some(waiting) = waiting {
                    // Nobody waits once the job is lost.
                    let _ = waiting.send(LogSource { path: log.path().to_owned(), written: log.follow() });
                }
            })),
            on_failure: None,
            masker: masker(spec),
            // The next job's sandbox is made while this one runs.
            expected: AtomicUsize::new(1),
            cleanups: tokio_util::task::TaskTracker::new(),
            node_versions: runner::NodeVersions::default(),
            images: Arc::new(images),
            keep_failed: false,
            hide,
        },
    })
}

/// Everything that must not be shown, known before the job says its first word.
/// Where registries are for the job: the server's own may stand in for others.
fn registries(config: &AgentConfig, spec: &JobSpec) -> Registries {
    if spec.registry_for.is_empty() {
        return Registries::new(Routes::default());
    }
    let fallback = if config.offline { Default::default() } else { spec.registry_for.iter().cloned().collect() };
    let credentials = Credentials::basic("x-access-token", spec.repository.token.expose().clone());
    Registries::new(Routes { fallback, ..Routes::default() }).with_server(
        spec.registry_for.clone(),
        &config.server,
        credentials,
    )
}

fn masker(spec: &JobSpec) -> Masker {
    let masker = Masker::new();
    masker.add(spec.repository.token.expose());
    if let Some(secrets) = spec.contexts.secrets.expose().as_object() {
        for secret in secrets.values().filter_map(serde_json::Value::as_str) {
            masker.add(secret);
        }
    }
    for secret in spec.access.mask.expose() {
        masker.add(secret);
    }
    masker
}

/// The repository with the job's commit, its snapshots, and the lock file of its actions.
async fn on_disk(
    local_git: Option<PathBuf>,
    sources: &Sources,
    name: &RepoName,
    spec: &JobSpec,
) -> Result<(Arc<Repository>, Arc<SnapshotStore>, Option<LockFile>), String> {
    let (sources, name, wanted) = (sources.clone(), name.clone(), spec.repository.clone());
    let lock = spec.actions.lock.clone();
    let made = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&sources.cache_dir).map_err(|error| error.to_string())?;
        let local = local_git.map(|dir| dir.join(format!("{}.git", wanted.id))).filter(|dir| dir.is_dir());
        let repository = match local {
            // The server's own objects: nothing is fetched or copied.
            Some(dir) => Repository::open(&dir),
            None => sources.whole(&wanted.clone_url, &name, &wanted.git_ref, &wanted.sha),
        };
        let repository = repository.map_err(|error| error.to_string())?;
        let snapshots = SnapshotStore::open(&sources.cache_dir).map_err(|error| error.to_string())?;
        let lock = lock
            .map(|text| LockFile::parse(std::path::Path::new("trunkline.lock"), &text))
            .transpose()
            .map_err(|error| error.to_string())?;
        Ok((Arc::new(repository), Arc::new(snapshots), lock))
    });
    made.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// Repositories share nothing: what one job may read, another one of the same runner may not.
fn key(server: &str, repository: i64) -> String {
    let hash = server
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}-{repository}")
}

/// The server that other repositories are at: where this one is cloned from, without its name.
fn base(clone_url: &str, name: &str, server: &str) -> String {
    let without = clone_url.strip_suffix(".git").unwrap_or(clone_url);
    without.strip_suffix(name).unwrap_or(server).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn other_repositories_are_beside_this_one() {
        for (clone_url, expected) in [
            ("http://localhost:3000/team/app.git", "http://localhost:3000"),
            ("https://ci.example.com/git/team/app", "https://ci.example.com/git"),
            ("https://elsewhere.example.com/x.git", "https://server.example.com"),
        ] {
            assert_eq!(super::base(clone_url, "team/app", "https://server.example.com/"), expected);
        }
    }
}
