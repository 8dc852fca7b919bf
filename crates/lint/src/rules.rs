//! Every rule, by group. The pages are in `docs/rules/`.

/// The page of a rule of the file's own directory: `page!("correctness/unused-needs")`.
macro_rules! page {
    ($id:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules/", $id, ".md"))
    };
}

mod correctness;

use std::sync::LazyLock;

use crate::rule::Rule;

/// All rules, in the order of their ids.
pub static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let groups: &[&[&'static Rule]] = &[correctness::RULES];
    let mut rules: Vec<&'static Rule> = groups.concat();
    rules.sort_by_key(|rule| rule.id);
    rules
});

/// The rules that a name means: an id, `group/*`, or another linter's name.
pub fn find_rules(name: &str) -> Vec<&'static Rule> {
    RULES.iter().copied().filter(|rule| rule.is_named(name)).collect()
}
