//! Runs that cancel those of others.

mod cancels_pull_requests;
mod cancels_release;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&cancels_pull_requests::RULE, &cancels_release::RULE];
