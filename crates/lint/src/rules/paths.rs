//! Filters of paths beside the files that there are.

mod foreign_glob;
mod unmatched_filter;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&foreign_glob::RULE, &unmatched_filter::RULE];
