//! What may be pushed, as far as it can be told without the objects.

use store::repositories::Repository;

use crate::git::{RefName, check_ref_name, is_oid, is_zero};
use crate::protection::{Change, Protections};
use crate::{Actor, Forge, Result};

/// What a push wants of one ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) old: String,
    pub(crate) new: String,
}

/// What is made of a push's commands.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Refs that may not be changed so, with the reason.
    pub(crate) refused: Vec<(String, String)>,
    /// Whether the objects must be looked at too before the refs are changed.
    pub(crate) look_at_objects: bool,
}

/// Whether people may change this ref at all, whatever the rules of the repository.
///
/// Branches, tags and notes are theirs. The rest is the server's (`refs/pull`, `refs/mirror`), or would change what git takes
/// objects for (`refs/replace`).
pub(crate) fn check_change(repository: &Repository, name: &str, new: &str) -> Result<(), String> {
    check_ref_name(name)?;
    match RefName::of(name) {
        RefName::Branch(branch) if branch == repository.default_branch && is_zero(new) => {
            Err("this is the default branch: make another one that first".to_owned())
        }
        RefName::Branch(_) | RefName::Tag(_) => Ok(()),
        RefName::Pull(_) => Err("refs of pull requests are made by the server".to_owned()),
        RefName::Other(name) if name.starts_with("refs/notes/") => Ok(()),
        RefName::Other(_) => {
            Err("refs outside `refs/heads/`, `refs/tags/` and `refs/notes/` are the server's own".to_owned())
        }
    }
}

impl Forge {
    pub(crate) async fn judge(&self, repository: &Repository, actor: &Actor, commands: &[Command]) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        let protections = Protections::of(self, repository).await?;
        for command in commands {
            match self.judge_one(repository, actor, &protections, command).await? {
                Ok(look) => verdict.look_at_objects |= look,
                Err(reason) => verdict.refused.push((command.name.clone(), reason)),
            }
        }
        // Only who may do so changes workflow files.
        verdict.look_at_objects |= !actor.workflows;
        Ok(verdict)
    }

    async fn judge_one(
        &self,
        repository: &Repository,
        actor: &Actor,
        protections: &Protections,
        command: &Command,
    ) -> Result<Result<bool, String>> {
        if let Err(reason) = check_change(repository, &command.name, &command.new) {
            return Ok(Err(reason));
        }
        if !is_oid(&command.old) || !is_oid(&command.new) || command.old == command.new {
            return Ok(Err("the old and the new object are no different ids".to_owned()));
        }
        let change = Change { name: &command.name, old: &command.old, new: &command.new };
        protections.judge_push(self, repository, actor, &change).await
    }
}
