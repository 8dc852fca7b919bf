//! From `uses:` to an action that can run, once for each reference and job.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actions::{ActionKind, ResolvedAction, Uses, give_up_on};
use span::Severity;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use workflow::{Action, Spanned};

use super::super::shared::Job;
use super::super::step::Failure;

/// A resolved action with its metadata.
pub(crate) struct Loaded {
    pub(crate) resolved: ResolvedAction,
    /// `None` for native actions, images and bare Dockerfiles.
    pub(crate) action: Option<Action>,
    /// The action's directory as the job's processes name it.
    pub(crate) inside: PathBuf,
    /// The repository that holds it, on the host: what `$/` means inside the action.
    pub(crate) root: Option<PathBuf>,
}

/// The actions a job has loaded.
#[derive(Default)]
pub(crate) struct Loader {
    remote: Mutex<HashMap<String, Arc<Loaded>>>,
}

impl Loader {
    /// Finds an action and makes its files visible inside the sandbox. Remote ones are remembered; a local one is read
    /// each time, since steps may change it.
    pub(crate) async fn load(
        &self,
        job: &Job,
        uses: &Spanned<Arc<str>>,
        own_root: Option<&Path>,
    ) -> Result<Arc<Loaded>, Failure> {
        self.load_until(job, uses, own_root, &job.cancel).await
    }

    /// The same for a step that `cancel` stops: nothing on the network is then waited for.
    pub(crate) async fn load_until(
        &self,
        job: &Job,
        uses: &Spanned<Arc<str>>,
        own_root: Option<&Path>,
        cancel: &CancellationToken,
    ) -> Result<Arc<Loaded>, Failure> {
        let refuse = |text: String| Failure::new("action", text, Some(uses.span));
        let stopped = || refuse(format!("`{}` was not resolved: cancelled", uses.value));
        let parsed = Uses::parse(&uses.value).map_err(|error| refuse(error.to_string()))?;
        let local = matches!(parsed, Uses::Local(_));
        let key = match &parsed {
            Uses::SelfRepository(path) => {
                format!("{}:{path}", own_root.unwrap_or(Path::new("")).display())
            }
            _ => uses.value.to_string(),
        };
        let mut remote = tokio::select! {
            biased;
            remote = self.remote.lock() => remote,
            () = cancel.cancelled() => return Err(stopped()),
        };
        if !local && let Some(loaded) = remote.get(&key) {
            return Ok(loaded.clone());
        }
        let workspace = job.host(&job.layout.workspace);
        let own = match own_root {
            Some(root) => root.to_owned(),
            None => {
                let snapshot = job.around.snapshot.get().await.map_err(|error| refuse(error.to_string()))?;
                called_from(job, &snapshot.path, cancel).await.ok_or_else(stopped)?.map_err(refuse)?
            }
        };
        let (resolver, wanted, own_dir) = (job.around.resolver.clone(), parsed.clone(), own.clone());
        let resolving = give_up_on(cancel, move || resolver.action(&wanted, &workspace, &own_dir));
        let resolved = resolving.await.ok_or_else(stopped)?.map_err(|error| refuse(error.to_string()))?;
        let loaded = Arc::new(self.place(job, uses, &parsed, resolved, &own).await?);
        if !local {
            remote.insert(key, loaded.clone());
        }
        Ok(loaded)
    }

    async fn place(
        &self,
        job: &Job,
        uses: &Spanned<Arc<str>>,
        parsed: &Uses,
        resolved: ResolvedAction,
        own: &Path,
    ) -> Result<Loaded, Failure> {
        let refuse = |text: String| Failure::new("action", text, Some(uses.span));
        let action = match &resolved.kind {
            ActionKind::Metadata(file) => Some(read_action(job, uses, file)?),
            ActionKind::Native(_) | ActionKind::Image(_) | ActionKind::Dockerfile(_) => None,
        };
        let (inside, root) = match parsed {
            Uses::Local(path) => (below(&job.layout.workspace, path), None),
            Uses::SelfRepository(path) => {
                let target = job.layout.actions.join("_self");
                show(job, own, &target).await.map_err(refuse)?;
                (below(&target, path), Some(own.to_owned()))
            }
            Uses::Remote { repo, path, reference } => match &resolved.root {
                None => (PathBuf::new(), None),
                Some(root) => {
                    let target = job.layout.actions.join(&repo.owner).join(&repo.name).join(reference);
                    show(job, root, &target).await.map_err(refuse)?;
                    (below(&target, path), Some(root.clone()))
                }
            },
            Uses::Docker(_) => (PathBuf::new(), None),
        };
        Ok(Loaded { resolved, action, inside, root })
    }
}

/// The repository of the job's workflow: another one's for a workflow that was called from there, else the run's own.
/// `None` when cancelled.
async fn called_from(job: &Job, own: &Path, cancel: &CancellationToken) -> Option<Result<PathBuf, String>> {
    let Some(uses) = Uses::of_called_workflow(&job.request.workflow.path) else {
        return Some(Ok(own.to_owned()));
    };
    let (resolver, own) = (job.around.resolver.clone(), own.to_owned());
    let found = give_up_on(cancel, move || resolver.workflow(&uses, &own)).await?;
    Some(found.map(|file| file.root).map_err(|error| error.to_string()))
}

/// Without a slash at the end when the path is empty.
fn below(directory: &Path, path: &str) -> PathBuf {
    directory.join(path).components().collect()
}

/// Makes a host directory visible at a path inside: as an overlay, or where that is not possible as a copy.
async fn show(job: &Job, host: &Path, target: &Path) -> Result<(), String> {
    let seen = job.host(target);
    if std::fs::read_dir(&seen).is_ok_and(|mut entries| entries.next().is_some()) {
        return Ok(());
    }
    if job.sandbox.mount_overlay(host, target).await.is_ok() {
        return Ok(());
    }
    if through_link(job, target) {
        return Err("the job has put a link in the place of the directory for actions".to_owned());
    }
    let from = host.to_owned();
    let copying = tokio::task::spawn_blocking(move || git::copy_tree(&from, &seen));
    match copying.await {
        Ok(copied) => copied.map_err(|error| format!("its files could not be copied: {error}")),
        Err(_) => Err("its files could not be copied".to_owned()),
    }
}

/// Whether a link stands between the job's directories and a path in them: on the host it may lead anywhere.
fn through_link(job: &Job, target: &Path) -> bool {
    let work = job.layout.runner_workspace.parent();
    target
        .ancestors()
        .take_while(|dir| work.is_some_and(|work| dir.starts_with(work)))
        .any(|dir| std::fs::symlink_metadata(job.host(dir)).is_ok_and(|meta| meta.is_symlink()))
}

fn read_action(job: &Job, uses: &Spanned<Arc<str>>, file: &Path) -> Result<Action, Failure> {
    let refuse = |text: String| Failure::new("action", text, Some(uses.span));
    let bytes = std::fs::read(file).map_err(|error| refuse(format!("its metadata could not be read: {error}")))?;
    let name = format!("{}/{}", uses.value, file.file_name().unwrap_or_default().to_string_lossy());
    let mut sources = job.around.source_map.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let id = sources.add(name, String::from_utf8_lossy(&bytes).into_owned());
    let parsed = workflow::parse_action(id, &bytes);
    let errors: Vec<_> = parsed.diagnostics.into_iter().filter(|one| one.severity == Severity::Error).collect();
    match parsed.value {
        Some(action) if errors.is_empty() => Ok(action),
        _ => {
            let shown = span::render_terminal(&errors, &sources, span::Color::Off);
            Err(refuse(format!("`{}` is not a valid action\n{shown}", uses.value)))
        }
    }
}
