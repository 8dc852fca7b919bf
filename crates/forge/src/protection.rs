//! Rules of branches and tags, held against pushes, against changes over the API and against merges.

mod blockers;
mod judge;
mod owners;
mod pattern;
mod rules;

use store::protection::Protection;
use store::repositories::Repository;

use crate::git::RefName;
use crate::{Forge, Result};

pub use blockers::{Blocker, MergeCheck};
pub use pattern::matches as pattern_matches;
pub(crate) use rules::forget_teams;
pub use rules::{Bypass, RequiredCheck, RequiredChecks, RequiredReviews, Rules};

/// A change of a ref, as rules look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) name: &'a str,
    pub(crate) old: &'a str,
    pub(crate) new: &'a str,
}

/// The rules of a repository.
#[derive(Clone, Debug)]
pub struct Protections {
    rows: Vec<(Protection, Rules)>,
}

impl Protections {
    /// # Errors
    /// When the database is away.
    pub async fn of(forge: &Forge, repository: &Repository) -> Result<Protections> {
        let rows = store::protection::of_repository(&mut forge.store().read(), repository.id).await?;
        // Rules that cannot be read keep everything shut rather than open.
        let read = |row: Protection| {
            let rules = serde_json::from_value(row.rules.clone()).unwrap_or_else(|_| Rules::locked());
            (row, rules)
        };
        Ok(Protections { rows: rows.into_iter().map(read).collect() })
    }

    /// The rules of a ref by its full name: those of its own name before those of a pattern, older patterns first.
    #[must_use]
    pub fn of_ref(&self, full: &str) -> Option<&(Protection, Rules)> {
        let (target, name) = match RefName::of(full) {
            RefName::Branch(name) => ("branch", name),
            RefName::Tag(name) => ("tag", name),
            RefName::Pull(_) | RefName::Other(_) => return None,
        };
        let of_target = || self.rows.iter().filter(|(row, _)| row.target == target);
        of_target()
            .find(|(row, _)| row.pattern == name)
            .or_else(|| of_target().find(|(row, _)| pattern_matches(&row.pattern, name)))
    }

    /// The rules of a branch by its short name.
    #[must_use]
    pub fn of_branch(&self, branch: &str) -> Option<&Rules> {
        self.of_ref(&format!("refs/heads/{branch}")).map(|(_, rules)| rules)
    }
}
