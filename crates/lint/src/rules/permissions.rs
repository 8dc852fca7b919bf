//! What the job's token may do, beside what the job does with it.

mod asked;
mod insufficient;
mod unused;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&insufficient::RULE, &unused::RULE];
