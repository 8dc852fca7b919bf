//! What programs outside say about the scripts of steps.

mod pyflakes;
mod shellcheck;

use crate::rule::Rule;

pub(crate) use pyflakes::RULE as PYFLAKES;
pub(crate) use shellcheck::RULE as SHELLCHECK;

pub(super) const RULES: &[&Rule] = &[&pyflakes::RULE, &shellcheck::RULE];
