//! Names of secrets and variables beside those that there are.

mod names;
mod unknown_secret;
mod unknown_variable;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&unknown_secret::RULE, &unknown_variable::RULE];
