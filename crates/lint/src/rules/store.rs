//! Names of secrets and variables beside those that there are.

mod empty_for_forks;
mod names;
mod unknown_secret;
mod unknown_variable;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&empty_for_forks::RULE, &unknown_secret::RULE, &unknown_variable::RULE];
