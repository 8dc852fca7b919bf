//! `trunkline.toml`. Whoever reads the file adds the diagnostics.

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    reading!("config/invalid", Error, [], "`trunkline.toml` cannot be read, or says what it cannot say"),
    reading!("config/unknown-rule", Warning, [], "`[lint]` of `trunkline.toml` names a rule that does not exist"),
];
