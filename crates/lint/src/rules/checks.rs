//! What branches wait for, beside what workflows report.

mod missing_merge_group;
mod produced;
mod required_check_hangs;
mod skipped_counts_as_success;
mod unknown_required_check;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    &missing_merge_group::RULE,
    &required_check_hangs::RULE,
    &skipped_counts_as_success::RULE,
    &unknown_required_check::RULE,
];
