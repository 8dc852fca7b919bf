//! Matters of taste and of strict policy.

mod anonymous_definition;
mod concurrency_limits;
mod self_repository;
mod superfluous_actions;
mod undocumented_permissions;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    &anonymous_definition::RULE,
    &concurrency_limits::RULE,
    &self_repository::RULE,
    &superfluous_actions::RULE,
    &undocumented_permissions::RULE,
];
