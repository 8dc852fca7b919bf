//! The types, by subject.

pub(crate) mod account;
pub(crate) mod checks;
pub(crate) mod commit;
pub(crate) mod conversation;
pub(crate) mod issue;
pub(crate) mod pull;
pub(crate) mod pull_parts;
pub(crate) mod query;
pub(crate) mod release;
pub(crate) mod repository;
pub(crate) mod repository_lists;
pub(crate) mod review;
pub(crate) mod search;
mod small;

use super::schema::Type;

/// Every type there is.
pub(crate) fn all() -> impl Iterator<Item = &'static Type> {
    let groups: &'static [&'static [Type]] = &[
        query::TYPES,
        account::TYPES,
        repository::TYPES,
        pull::TYPES,
        issue::TYPES,
        review::TYPES,
        conversation::TYPES,
        commit::TYPES,
        checks::TYPES,
        release::TYPES,
        small::TYPES,
        super::mutations::TYPES,
    ];
    groups.iter().copied().flatten()
}
