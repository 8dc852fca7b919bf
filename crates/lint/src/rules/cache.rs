//! Caches that help nobody, and those that give the wrong files.

mod collision;
mod empty_hash;
mod never_hits;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&collision::RULE, &empty_hash::RULE, &never_hits::RULE];
