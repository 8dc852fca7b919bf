//! `actions/checkout`, carried out by crate `git`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex, PoisonError};

use git::{CheckoutContext, CheckoutInputs, GitError, GitRun, Workspace};
use indexmap::IndexMap;
use tokio::runtime::Handle;

use super::error::{Fault, Result};
use super::files::{Files, absolute};
use super::{NativeCall, NativeOutcome, NativePost, process};
use crate::patience::cancellable;

/// State of the post step: files to remove, one a line, as this process names them.
const REMOVE: &str = "remove";

/// Inputs that have nothing to act on here, and why. Said only when one is set to something else than its default.
const NOTED: &[(&str, &[&str], &str)] = &[
    ("ssh-key", &[], "the repository is not fetched over SSH: the local one is used, others come over HTTPS"),
    ("ssh-known-hosts", &[], "nothing is fetched over SSH"),
    ("ssh-strict", &["true"], "nothing is fetched over SSH"),
    ("ssh-user", &["git"], "nothing is fetched over SSH"),
    ("filter", &[], "objects are shared with the local repository, so there is nothing to leave out"),
    ("github-server-url", &[], "the server set for Trunkline is used"),
];

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    note_inputs(call);
    let place = &call.place;
    let snapshot = tokio::select! {
        biased;
        snapshot = place.snapshot.get() => snapshot?,
        () = call.cancel.cancelled() => return Err(Fault::Cancelled),
    };
    let handle = Handle::current();
    let worker = Arc::clone(call);
    let shared = Arc::clone(&snapshot);
    let done = cancellable(&call.cancel, move || {
        let call = &*worker;
        let place = &call.place;
        let inputs = CheckoutInputs::from_inputs(&|name| call.inputs.get(name).cloned());
        let workspace = SandboxWorkspace { call, handle, notes: Mutex::default() };
        let files = Files(&place.sandbox);
        let temp = files.resolve(&place.temp).map_err(Fault::io("find", &place.temp))?;
        let context = CheckoutContext {
            repository: &place.repository,
            name: place.repository_name.clone(),
            // A repository without a commit has no HEAD to check out.
            sha: Some(place.identity.sha.clone()).filter(|sha| sha.bytes().any(|digit| digit != b'0')),
            reference: place.identity.git_ref.clone(),
            remote_url: place.remote_url.clone(),
            snapshot: &shared,
            store: &place.snapshots,
            sources: &place.sources,
            workspace: &workspace,
            runner_temp: Some((files.host(&temp), place.temp.clone())),
        };
        let done = git::checkout(&inputs, &context);
        for note in workspace.notes.into_inner().unwrap_or_else(PoisonError::into_inner) {
            call.say(note);
        }
        match done {
            Err(GitError::Cancelled) => Err(Fault::Cancelled),
            done => Ok(done?),
        }
    });
    let done = done.await.unwrap_or(Err(Fault::Cancelled))?;
    for line in &done.log {
        call.say(line);
    }
    outcome.outputs.insert("ref".to_owned(), done.reference);
    outcome.outputs.insert("commit".to_owned(), done.commit);
    let mut post = NativePost::new(call);
    let files: Vec<_> = done.remove_after.iter().map(|path| path.to_string_lossy()).collect();
    post.state.insert(REMOVE.to_owned(), files.join("\n"));
    post.held = done.held.into_iter().map(Arc::new).chain([snapshot]).collect();
    outcome.post = Some(post);
    Ok(())
}

/// Removes the credentials.
pub(super) fn post(post: &NativePost, call: &NativeCall) -> Result<()> {
    let files = post.state.get(REMOVE).map_or("", String::as_str);
    for file in files.lines().filter(|line| !line.is_empty()) {
        match std::fs::remove_file(file) {
            Ok(()) => call.say("Removed the credentials of the checkout"),
            // Gone already is as good.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => call.warn(format!("the credentials of the checkout could not be removed: {error}")),
        }
    }
    Ok(())
}

fn note_inputs(call: &NativeCall) {
    for (name, defaults, why) in NOTED {
        if call.inputs().some(name).is_some_and(|value| !defaults.contains(&value)) {
            call.say(format!("The input `{name}` has no effect: {why}"));
        }
    }
}

/// The job's workspace in its sandbox.
struct SandboxWorkspace<'a> {
    call: &'a NativeCall,
    handle: Handle,
    notes: Mutex<Vec<String>>,
}

impl SandboxWorkspace<'_> {
    /// Where a path of the workspace really is in the job; a link in the last place is not followed.
    fn real(&self, relative: &Path) -> io::Result<PathBuf> {
        let place = &self.call.place;
        Files(&place.sandbox).resolve_parent(&absolute(relative, &place.workspace))
    }
}

impl Workspace for SandboxWorkspace<'_> {
    fn job_path(&self) -> &Path {
        &self.call.place.workspace
    }

    fn host_path(&self, relative: &Path) -> io::Result<PathBuf> {
        let files = Files(&self.call.place.sandbox);
        Ok(files.host(&self.real(relative)?))
    }

    fn mount(&self, lower: &Path, relative: &Path) -> io::Result<bool> {
        let place = &self.call.place;
        if place.workspace_is_shared {
            return Ok(false);
        }
        // Mounts are known by where they really are.
        let target = self.real(relative)?;
        match self.handle.block_on(place.sandbox.mount_overlay(lower, &target)) {
            Ok(()) => Ok(true),
            Err(sandbox::Error::Unsupported(_)) => Ok(false),
            Err(error @ (sandbox::Error::Mount { .. } | sandbox::Error::Path { .. })) => {
                let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
                notes.push(format!("No overlay here, files are copied instead: {error}"));
                Ok(false)
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn git(&self, run: &GitRun) -> io::Result<Output> {
        let place = &self.call.place;
        let argv = std::iter::once("git".into()).chain(run.args.iter().cloned());
        let mut command = sandbox::Command::new(argv);
        let given = self.call.env.iter().map(|(name, value)| (name.into(), value.into()));
        let env: IndexMap<OsString, OsString> = given.chain(run.env.iter().cloned()).collect();
        command.env = env.into_iter().collect();
        command.cwd = absolute(&run.dir, &place.workspace);
        self.handle.block_on(process::output(&place.sandbox, command, &self.call.cancel)).map_err(|fault| match fault {
            Fault::Sandbox(sandbox::Error::ProgramNotFound { .. }) => {
                io::Error::new(io::ErrorKind::NotFound, "there is no git on the job's PATH")
            }
            other => io::Error::other(other.to_string()),
        })
    }
}
