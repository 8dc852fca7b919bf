use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::entry::Entry;
use super::topics;

/// All topics. An entry belongs to exactly one.
const TOPICS: &[&[Entry]] = &[
    topics::apt::ENTRIES,
    topics::archives::ENTRIES,
    topics::artifacts::ENTRIES,
    topics::aws::ENTRIES,
    topics::c::ENTRIES,
    topics::containers::ENTRIES,
    topics::databases::ENTRIES,
    topics::files::ENTRIES,
    topics::git::ENTRIES,
    topics::git_access::ENTRIES,
    topics::git_history::ENTRIES,
    topics::git_push::ENTRIES,
    topics::github::ENTRIES,
    topics::go::ENTRIES,
    topics::http::ENTRIES,
    topics::java::ENTRIES,
    topics::javascript::ENTRIES,
    topics::kubernetes::ENTRIES,
    topics::memory::ENTRIES,
    topics::network::ENTRIES,
    topics::node::ENTRIES,
    topics::node_language::ENTRIES,
    topics::npm_registry::ENTRIES,
    topics::programs::ENTRIES,
    topics::python::ENTRIES,
    topics::python_checks::ENTRIES,
    topics::python_packages::ENTRIES,
    topics::rust::ENTRIES,
    topics::rust_builds::ENTRIES,
    topics::scripts::ENTRIES,
    topics::shell::ENTRIES,
    topics::terraform::ENTRIES,
    topics::time::ENTRIES,
    topics::tls::ENTRIES,
];

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::of(TOPICS.iter().copied().flatten()));

/// Entries ready for the search. Patterns are compiled when their hint is first seen.
pub struct Library {
    entries: Vec<Known>,
    /// All hints of all entries, each with its entry's index.
    hints: Option<AhoCorasick>,
    owners: Vec<usize>,
}

pub(super) struct Known {
    pub(super) entry: &'static Entry,
    compiled: OnceLock<Vec<Regex>>,
}

impl Library {
    /// The built-in one.
    #[must_use]
    pub fn built_in() -> &'static Library {
        &LIBRARY
    }

    fn of(entries: impl Iterator<Item = &'static Entry>) -> Library {
        let entries: Vec<Known> = entries.map(|entry| Known { entry, compiled: OnceLock::new() }).collect();
        let pairs = || {
            let all = entries.iter().enumerate();
            all.flat_map(|(owner, known)| known.entry.hints.iter().map(move |hint| (*hint, owner)))
        };
        // Only a table that is too large could fail; then nothing is recognised, and nothing else is lost.
        let hints = AhoCorasick::builder().ascii_case_insensitive(true).build(pairs().map(|(hint, _)| hint)).ok();
        let owners = pairs().map(|(_, owner)| owner).collect();
        Library { entries, hints, owners }
    }

    /// Every entry, topic by topic.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        self.entries.iter().map(|known| known.entry)
    }

    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&'static Entry> {
        self.entries().find(|entry| entry.id == id)
    }

    pub(super) fn known(&self) -> &[Known] {
        &self.entries
    }

    /// Indices of the entries one of whose hints stands in the line, ascending, each once.
    pub(super) fn hinted(&self, line: &str) -> Vec<usize> {
        let Some(hints) = &self.hints else { return Vec::new() };
        let mut found: Vec<usize> = hints
            .find_overlapping_iter(line)
            .filter_map(|hit| self.owners.get(hit.pattern().as_usize()).copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Known {
    /// A pattern that is no regular expression matches nothing; a test keeps such entries out.
    pub(super) fn regexes(&self) -> &[Regex] {
        self.compiled.get_or_init(|| self.entry.patterns.iter().filter_map(|text| Regex::new(text).ok()).collect())
    }
}
