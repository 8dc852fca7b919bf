use workflow::Filter;

use super::{GlobError, Pattern, Subject};

/// The compiled patterns of one filter, in the order of the file.
#[derive(Clone, Debug)]
pub struct PatternList {
    patterns: Vec<Pattern>,
}

/// What a list says about one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub selected: bool,
    /// Index of the pattern that decided: the last one that matched. `None` when no pattern matched.
    pub pattern: Option<usize>,
}

impl PatternList {
    /// Compiles every pattern, or gives the errors, each with the index of its pattern.
    pub fn compile(filter: &Filter, subject: Subject) -> Result<PatternList, Vec<(usize, GlobError)>> {
        let mut patterns = Vec::with_capacity(filter.patterns.len());
        let mut errors = Vec::new();
        for (index, pattern) in filter.patterns.iter().enumerate() {
            match Pattern::parse(&pattern.value, subject) {
                Ok(pattern) => patterns.push(pattern),
                Err(found) => errors.extend(found.into_iter().map(|error| (index, error))),
            }
        }
        if errors.is_empty() { Ok(PatternList { patterns }) } else { Err(errors) }
    }

    /// Goes through the patterns in order: one that matches selects the subject, a `!` one that matches drops it, the last
    /// match wins. GitHub documents this for the lists that include; the `-ignore` lists are read the same way here.
    #[must_use]
    pub fn decide(&self, subject: &str) -> Decision {
        let last = self.patterns.iter().rposition(|pattern| pattern.matches(subject));
        Decision { selected: last.is_some_and(|index| !self.patterns[index].negated()), pattern: last }
    }

    /// Whether there is nothing in it but `!` patterns, which GitHub refuses in lists that include.
    #[must_use]
    pub fn only_negated(&self) -> bool {
        !self.patterns.is_empty() && self.patterns.iter().all(Pattern::negated)
    }
}
