//! What may be pushed, as far as it can be told without the objects.

use identity::Caller;
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

impl Forge {
    pub(crate) async fn judge(
        &self,
        repository: &Repository,
        caller: &Caller,
        actor: &Actor,
        commands: &[Command],
    ) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        let protections = Protections::of(self, repository).await?;
        for command in commands {
            match self.judge_one(repository, actor, &protections, command).await? {
                Ok(look) => verdict.look_at_objects |= look,
                Err(reason) => verdict.refused.push((command.name.clone(), reason)),
            }
        }
        // Only who may do so changes workflow files.
        verdict.look_at_objects |= !caller.may_change_workflows();
        Ok(verdict)
    }

    async fn judge_one(
        &self,
        repository: &Repository,
        actor: &Actor,
        protections: &Protections,
        command: &Command,
    ) -> Result<Result<bool, String>> {
        if let Err(reason) = check_ref_name(&command.name) {
            return Ok(Err(reason));
        }
        if !is_oid(&command.old) || !is_oid(&command.new) || command.old == command.new {
            return Ok(Err("the old and the new object are no different ids".to_owned()));
        }
        if matches!(RefName::of(&command.name), RefName::Pull(_)) {
            return Ok(Err("refs of pull requests are made by the server".to_owned()));
        }
        if command.name == format!("refs/heads/{}", repository.default_branch) && is_zero(&command.new) {
            return Ok(Err("this is the default branch: make another one that first".to_owned()));
        }
        let change = Change { name: &command.name, old: &command.old, new: &command.new };
        protections.judge_push(self, repository, actor, &change).await
    }
}
