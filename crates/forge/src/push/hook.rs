//! Checks that need the objects of a push, before it is taken in.
//!
//! git runs a pre-receive hook then. The hook only passes on where the objects are, by one named pipe, and waits for the answer
//! on another: what is decided is decided in the server, which has the database.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use store::repositories::Repository;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::pipe;

use super::RefChange;
use super::policy::Command;
use crate::git::{Quarantine, Repo, is_zero};
use crate::protection::{Change, Protections};
use crate::{Actor, Error, Forge, Result};

/// The hook. Without an answer in a minute, as after a crash of the server, it refuses.
const HOOK: &str = r#"#!/bin/sh
# Asks the server, which waits at the other ends of these pipes.
[ -n "$TRUNKLINE_ASK" ] || exit 0
cat >/dev/null
printf '%s\n%s\n' "$GIT_OBJECT_DIRECTORY" "$GIT_ALTERNATE_OBJECT_DIRECTORIES" | timeout 60 sh -c 'cat >"$TRUNKLINE_ASK"' || exit 1
verdict=$(timeout 60 cat "$TRUNKLINE_ANSWER") || exit 1
[ "$verdict" = accept ] && exit 0
printf '%s\n' "$verdict" >&2
exit 1
"#;

/// Writes the hook where git looks for it when it is asked to.
pub(crate) fn install(dir: &Path) -> Result<()> {
    let path = dir.join("pre-receive");
    let error = || path.display().to_string();
    if std::fs::read_to_string(&path).is_ok_and(|text| text == HOOK) {
        return Ok(());
    }
    std::fs::create_dir_all(dir).map_err(Error::io(error()))?;
    let fresh = dir.join(format!(".pre-receive-{}", uuid::Uuid::now_v7().simple()));
    std::fs::write(&fresh, HOOK).map_err(Error::io(error()))?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755)).map_err(Error::io(error()))?;
    std::fs::rename(&fresh, &path).map_err(Error::io(error()))
}

/// One push that will ask.
pub(crate) struct Inquiry {
    pub(crate) ask: PathBuf,
    pub(crate) answer: PathBuf,
}

impl Inquiry {
    pub(crate) fn new(dir: &Path, batch: &str) -> Result<Inquiry> {
        let make = |kind: &str| -> Result<PathBuf> {
            let path = dir.join(format!("{batch}.{kind}"));
            rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
                .map_err(|errno| Error::io(path.display().to_string())(errno.into()))?;
            Ok(path)
        };
        Ok(Inquiry { ask: make("ask")?, answer: make("answer")? })
    }

    /// Waits until the hook asks, and answers. Ends with the push at the latest.
    pub(crate) async fn serve(
        &self,
        forge: &Forge,
        repository: &Repository,
        actor: &Actor,
        commands: &[Command],
    ) -> Result<()> {
        let error = |path: &Path| Error::io(path.display().to_string());
        // Both ends, so that opening waits for nobody.
        let asked = pipe::OpenOptions::new().read_write(true).open_receiver(&self.ask).map_err(error(&self.ask))?;
        let mut lines = BufReader::new(asked).lines();
        let mut line = async || lines.next_line().await.map(Option::unwrap_or_default).map_err(error(&self.ask));
        let quarantine = Quarantine { objects: line().await?.into(), alternates: line().await?.into() };
        let repo = forge.git(repository.id).with_quarantine(quarantine);
        let verdict = match judge(forge, &repo, repository, actor, commands).await {
            Ok(refusals) if refusals.is_empty() => "accept".to_owned(),
            Ok(refusals) => refusals.join("\n"),
            Err(error) => format!("the push could not be checked: {error}"),
        };
        let answer = async {
            // The hook may have given up; then nobody opens the other end.
            let mut pipe = loop {
                match pipe::OpenOptions::new().open_sender(&self.answer) {
                    Ok(pipe) => break pipe,
                    Err(source) if source.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                    Err(source) => return Err(error(&self.answer)(source)),
                }
            };
            pipe.write_all(format!("{verdict}\n").as_bytes()).await.map_err(error(&self.answer))
        };
        tokio::time::timeout(Duration::from_secs(60), answer).await.unwrap_or(Ok(()))
    }
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        for path in [&self.ask, &self.answer] {
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn judge(
    forge: &Forge,
    repo: &Repo,
    repository: &Repository,
    actor: &Actor,
    commands: &[Command],
) -> Result<Vec<String>> {
    let mut refusals = Vec::new();
    let protections = Protections::of(forge, repository).await?;
    for command in commands {
        let change = Change { name: &command.name, old: &command.old, new: &command.new };
        if let Err(reason) = protections.judge_objects(forge, repo, repository, actor, &change).await? {
            refusals.push(format!("{}: {reason}", command.name));
        }
        if !actor.workflows
            && !is_zero(&command.new)
            && let Some(path) = changed_workflow(repo, command, &repository.default_branch).await?
        {
            refusals.push(format!(
                "{}: this token may not create or change workflows ({path}): it lacks the `workflow` scope or permission",
                command.name
            ));
        }
    }
    Ok(refusals)
}

impl Forge {
    /// For those who may not change workflow files: whether a change over the API does.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with the file.
    pub(crate) async fn refuse_workflow_changes(&self, repository: &Repository, change: &RefChange) -> Result<()> {
        let RefChange { name, old, new } = change.clone();
        let command = Command { name, old, new };
        match changed_workflow(&self.git(repository.id), &command, &repository.default_branch).await? {
            Some(path) => Err(Error::Forbidden(format!(
                "this token may not create or change workflows ({path}): it lacks the `workflow` scope or permission"
            ))),
            None => Ok(()),
        }
    }
}

/// A workflow file that the push changes against what the ref was, or, for a new one, against the default branch.
async fn changed_workflow(repo: &Repo, command: &Command, default_branch: &str) -> Result<Option<String>> {
    let base = if is_zero(&command.old) {
        repo.resolve(&format!("refs/heads/{default_branch}")).await?
    } else {
        Some(command.old.clone())
    };
    // What is no commit (a tag of a blob) has no workflows.
    let Some(head) = repo.resolve(&command.new).await? else { return Ok(None) };
    let changed = repo.changes(base.as_deref(), &head).await?;
    // A workflow that is moved away is changed too.
    let paths = changed.into_iter().flat_map(|file| [Some(file.path), file.old_path]).flatten();
    Ok(paths.into_iter().find(|path| path.starts_with(".github/workflows/")))
}
