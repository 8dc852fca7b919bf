//! Every rule, by group. The pages are in `docs/rules/`.

/// The page of a rule of the file's own directory: `page!("correctness/unused-needs")`.
macro_rules! page {
    ($id:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules/", $id, ".md"))
    };
}

/// A rule whose findings are the diagnostics of its code.
macro_rules! reading {
    ($id:literal, $severity:ident, [$($alias:literal),*], $summary:literal) => {
        &Rule {
            id: $id,
            severity: span::Severity::$severity,
            confidence: crate::finding::Confidence::High,
            profile: crate::rule::Profile::Correctness,
            aliases: &[$($alias),*],
            summary: $summary,
            page: page!($id),
            checks: &[crate::rule::Check::Reading],
        }
    };
}

mod action;
mod cache;
mod call;
mod checks;
mod concurrency;
mod config;
mod correctness;
mod expression;
mod paths;
mod permissions;
pub(crate) mod scripts;
mod security;
mod store;
mod style;
mod workflow;
mod yaml;

use std::sync::LazyLock;

use crate::rule::Rule;

/// All rules, in the order of their ids.
pub static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let groups: &[&[&'static Rule]] = &[
        action::RULES,
        cache::RULES,
        call::RULES,
        checks::RULES,
        concurrency::RULES,
        config::RULES,
        correctness::RULES,
        expression::RULES,
        paths::RULES,
        permissions::RULES,
        scripts::RULES,
        security::RULES,
        store::RULES,
        style::RULES,
        workflow::RULES,
        yaml::RULES,
    ];
    let mut rules: Vec<&'static Rule> = groups.concat();
    rules.sort_by_key(|rule| rule.id);
    rules
});

/// The rules that a name means: an id, `group/*`, or another linter's name.
pub fn find_rules(name: &str) -> Vec<&'static Rule> {
    RULES.iter().copied().filter(|rule| rule.is_named(name)).collect()
}
