//! Which entry a restore gets: pure, over the index as it was read.

use super::explanation::{Explanation, Outcome, Verdict, add, settle};
use super::{CacheEntry, CacheQuery};

/// What is known of an entry beside the index.
pub(super) enum Condition {
    Good,
    Gone,
    Expired { unused_days: i64 },
}

/// Picks an entry: scope by scope; in each the exact key, then the key and each restore key in turn as a
/// prefix, the newest first. That the key itself counts as a prefix is GitHub's documented matching.
pub(super) fn search<'a>(
    query: &CacheQuery,
    entries: &'a [CacheEntry],
    condition: impl Fn(&CacheEntry) -> Condition,
) -> (Option<&'a CacheEntry>, Explanation) {
    let mut explanation = Explanation {
        key: query.key.clone(),
        restore_keys: query.restore_keys.clone(),
        version: query.version.clone(),
        scopes: query.scopes.clone(),
        outcome: Outcome::Miss,
        considered: Vec::new(),
        omitted: 0,
    };
    let prefixes: Vec<&String> = std::iter::once(&query.key).chain(&query.restore_keys).collect();
    let mut candidates = Vec::new();
    for entry in entries.iter().filter(|entry| entry.repository == query.repository) {
        let Some(prefix) = prefixes.iter().position(|prefix| entry.key.starts_with(prefix.as_str())) else {
            add(&mut explanation, entry, Verdict::OtherKey);
            continue;
        };
        if entry.version != query.version {
            add(&mut explanation, entry, Verdict::OtherVersion { version: entry.version.clone() });
            continue;
        }
        let Some(scope) = query.scopes.iter().position(|scope| *scope == entry.scope) else {
            add(&mut explanation, entry, Verdict::OtherScope);
            continue;
        };
        match condition(entry) {
            Condition::Gone => add(&mut explanation, entry, Verdict::Gone),
            Condition::Expired { unused_days } => {
                add(&mut explanation, entry, Verdict::Expired { unused_days });
            }
            Condition::Good => candidates.push((scope, entry.key != query.key, prefix, entry)),
        }
    }
    // Ids grow with every entry of a store, so they tell age better than clocks do.
    candidates.sort_by_key(|(scope, inexact, prefix, entry)| (*scope, *inexact, *prefix, std::cmp::Reverse(entry.id)));
    let mut chosen = None;
    for (_, inexact, prefix, entry) in candidates {
        let prefix = prefixes[prefix].clone();
        if chosen.is_some() {
            add(&mut explanation, entry, Verdict::Passed { prefix });
            continue;
        }
        chosen = Some(entry);
        add(&mut explanation, entry, Verdict::Chosen);
        let (key, scope) = (entry.key.clone(), entry.scope.clone());
        explanation.outcome =
            if inexact { Outcome::PartialHit { key, scope, prefix } } else { Outcome::Hit { key, scope } };
    }
    settle(&mut explanation);
    (chosen, explanation)
}
