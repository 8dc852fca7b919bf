//! Uses of actions held against what they declare.

mod missing_file;
mod not_found;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    &missing_file::RULE,
    &not_found::RULE,
    reading!("action/missing-input", Warning, ["actionlint:action"], "a required input of an action is not given"),
    reading!(
        "action/unknown-input",
        Warning,
        ["actionlint:action"],
        "`with` names an input that the action does not declare"
    ),
    reading!(
        "action/deprecated-input",
        Warning,
        ["actionlint:action"],
        "`with` gives an input that the action calls deprecated"
    ),
];
