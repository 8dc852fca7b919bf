//! What is wrong: it cannot run, or does not do what it says.

mod missing_timeout;
mod unused_needs;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&missing_timeout::RULE, &unused_needs::RULE];
