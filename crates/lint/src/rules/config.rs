//! `trunkline.toml`, and the configuration of zizmor and actionlint. Whoever reads the files adds the diagnostics.

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    reading!("config/invalid", Error, [], "a configuration file cannot be read, or says what it cannot say"),
    reading!("config/unknown-rule", Warning, [], "a configuration file names a rule that does not exist"),
];
