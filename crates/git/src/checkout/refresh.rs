//! `clean: false` in a workspace that has the repository already: files git does not know stay.

use super::{CheckoutInputs, CheckoutOutcome, Place};
use crate::GitError;
use crate::config::Config;
use crate::gitdir::GitDirRequest;

/// Whether the existing checkout is to be kept.
pub(super) fn applies(inputs: &CheckoutInputs, place: &Place<'_>, remote_url: &str) -> Result<bool, GitError> {
    if inputs.clean {
        return Ok(false);
    }
    let config = place.host_of(".git/config")?;
    Ok(config.symlink_metadata().is_ok_and(|meta| meta.is_file())
        && Config::read(&config).get("remote.origin.url") == Some(remote_url))
}

/// Moves the existing checkout to the commit with real git. Objects are shared already or fetched from the repository
/// they are in; uncommitted changes of the user are not carried over.
pub(super) fn refresh(
    request: &GitDirRequest<'_>,
    place: &Place<'_>,
    outcome: &mut CheckoutOutcome,
) -> Result<(), GitError> {
    let Some(commit) = request.commit else {
        return Err(GitError::Input("`clean: false` needs a commit to check out; the repository has none".to_owned()));
    };
    for name in ["index.lock", "shallow.lock"] {
        drop(std::fs::remove_file(place.host_of(&format!(".git/{name}"))?));
    }
    if place.git(&["cat-file", "-e", commit]).is_err() {
        let from = request.repository.top_level().to_string_lossy().into_owned();
        place.git(&["fetch", "--quiet", "--no-tags", "--depth=1", "--end-of-options", &from, commit])?;
    }
    let branch = request.reference.and_then(|name| name.strip_prefix("refs/heads/"));
    match branch {
        Some(branch) => {
            place.git(&["update-ref", &format!("refs/remotes/origin/{branch}"), commit])?;
            place.git(&["checkout", "--quiet", "--force", "--no-track", "-B", branch, commit])?;
        }
        None => drop(place.git(&["checkout", "--quiet", "--force", "--detach", commit])?),
    }
    outcome.uncommitted = false;
    outcome.object_dirs.extend(request.snapshot.object_dirs().iter().cloned());
    outcome.log.push("Kept the existing checkout (clean: false)".to_owned());
    Ok(())
}
