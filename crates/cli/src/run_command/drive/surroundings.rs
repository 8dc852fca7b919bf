//! What the jobs of a run share.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use actions::native::SharedSnapshot;
use git::RepoName;
use runner::{Masker, Surroundings};
use services::{CacheListener, CacheNews, JobIdentity, Services, ServicesConfig};
use workflow::JobKind;

use super::Events;
use crate::failure::Failure;
use crate::record::Record;
use crate::report::Reporter;
use crate::run_command::place;
use crate::run_command::shell;
use crate::run_command::start::{Early, Ready};

pub(super) fn make(
    ready: &Ready<'_>,
    early: &Early,
    record: &Arc<Record>,
    reporter: &Reporter,
    events: Events,
) -> Result<Arc<Surroundings>, Failure> {
    let project = &ready.project;
    let mut config = ServicesConfig::new(&ready.dirs.cache, &record.dir);
    if let Some(quota) = project.config.cache.quota.as_ref().and_then(|quota| crate::config::bytes(quota.get_ref())) {
        config.quota_bytes = quota;
    }
    let heard = events.clone();
    config.on_cache = CacheListener::new(move |job, news| cache_news(&heard, job, news));
    let services = Services::start(config).map_err(|error| Failure::broken(error.to_string()))?;
    let masker = Masker::new();
    for (_, secret) in super::request::with_token(ready.values.secrets.clone()).iter() {
        masker.add(&secret.to_display_string());
    }
    let broken = |error: git::GitError| Failure::broken(error.to_string());
    let snapshots = Arc::new(git::SnapshotStore::open(&ready.dirs.cache).map_err(broken)?);
    let commit = ready.args.clean.then(|| project.facts.head.sha.clone()).flatten();
    let tool_cache = tool_cache(ready)?;
    let listener = reporter.clone();
    let hold = ready.args.shell_on_failure.then(|| shell::opener(reporter.clone()));
    let sources = project.sources.clone();
    std::fs::create_dir_all(record.logs_dir()).map_err(Failure::broken)?;
    Ok(Arc::new(Surroundings {
        launcher: early.launcher.clone(),
        services: Arc::new(services),
        resolver: ready.resolver.clone(),
        repository: project.repository.clone(),
        sources: Arc::new(place::sources(project, &ready.args.machine, &ready.dirs)?),
        snapshot: Arc::new(SharedSnapshot::new(project.repository.clone(), snapshots.clone(), commit)),
        snapshots,
        repository_name: RepoName { owner: project.facts.owner.clone(), name: project.facts.name.clone() },
        remote_url: project.facts.remote_url.clone().unwrap_or_default(),
        source_map: Arc::new(std::sync::Mutex::new(sources)),
        record_dir: record.logs_dir(),
        runner_name: "trunkline".to_owned(),
        tool_cache,
        events,
        logs: Some(Arc::new(move |leg, log| listener.job_log(leg, log))),
        on_failure: hold,
        masker,
        expected: AtomicUsize::new(expected(ready)),
        cleanups: tokio_util::task::TaskTracker::new(),
        node_versions: runner::NodeVersions::default(),
        images: super::images::make(ready, early),
        keep_failed: true,
        hide: Vec::new(),
    }))
}

/// What a job did with a cache, as an event.
fn cache_news(events: &Events, job: &JobIdentity, news: CacheNews<'_>) {
    let Ok(leg) = job.job_id.parse().map(api::LegId) else { return };
    // The run may be over, and then nobody listens.
    let _ = events.send(match news {
        CacheNews::Looked(explanation) => api::Event::CacheLooked { leg, decision: Box::new(explanation.clone()) },
        CacheNews::Saved(entry) => api::Event::CacheSaved {
            leg,
            key: entry.key.clone(),
            version: entry.version.clone(),
            scope: entry.scope.clone(),
            size: entry.size,
        },
    });
}

/// Jobs with steps, one less: the first one's sandbox is prepared while files are read.
fn expected(ready: &Ready<'_>) -> usize {
    let programs = ready.plan.programs.iter();
    let jobs = programs.flat_map(|program| &program.workflow.jobs).filter(|job| matches!(job.kind, JobKind::Steps(_)));
    let on_host = ready.args.machine.platform.iter().any(|text| text.ends_with("=host"));
    if on_host { 0 } else { jobs.count().saturating_sub(1) }
}

/// The user's own tool cache where there is one, so that tools are found and kept.
fn tool_cache(ready: &Ready<'_>) -> Result<std::path::PathBuf, Failure> {
    let named = ["RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY"].iter().find_map(std::env::var_os);
    let path = named.map_or_else(|| ready.dirs.cache.join("tools"), std::path::PathBuf::from);
    std::fs::create_dir_all(&path).map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
    std::fs::canonicalize(&path).map_err(|error| Failure::broken(format!("{}: {error}", path.display())))
}
