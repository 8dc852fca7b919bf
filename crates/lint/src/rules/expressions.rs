//! Expressions that do not say what they seem to say.

mod unsound_ternary;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[&unsound_ternary::RULE];
