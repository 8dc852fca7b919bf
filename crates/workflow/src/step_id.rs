//! Ids of steps that were given none: `__run`, `__run_2`, `__actions_checkout`.
//!
//! From `IdBuilder` and the step converter of actions/runner. Steps of a `parallel` block share the job's ids, so that an
//! id names one step.

use std::collections::HashMap;
use std::sync::Arc;

use span::Span;

use crate::{Spanned, Step, StepKind};

/// GitHub cuts ids here.
const MAX_LENGTH: usize = 100;

/// The ids of one job or action that are taken.
#[derive(Default)]
pub(crate) struct StepIds {
    taken: HashMap<String, Span>,
    /// The next number for a generated id, so that many steps alike cost no more than as many steps.
    next: HashMap<String, usize>,
}

impl StepIds {
    /// Takes an id that was written; the place of the first one if it is taken already.
    pub(crate) fn claim(&mut self, id: &Spanned<Arc<str>>) -> Option<Span> {
        let name = id.value.to_ascii_lowercase();
        match self.taken.get(&name) {
            Some(first) => Some(*first),
            None => {
                self.taken.insert(name, id.span);
                None
            }
        }
    }

    /// Gives an id to every step without one.
    pub(crate) fn generate(&mut self, steps: &mut [Step]) {
        for step in steps {
            if step.id.is_empty() {
                step.id = self.next(&sanitized(base(&step.kind)), step.span);
            }
            if let StepKind::Parallel { steps } = &mut step.kind {
                self.generate(steps);
            }
        }
    }

    fn next(&mut self, base: &str, span: Span) -> Arc<str> {
        let mut attempt = self.next.get(base).copied().unwrap_or(1);
        loop {
            let suffix = if attempt == 1 { String::new() } else { format!("_{attempt}") };
            // `base` is ASCII: any cut is on a character's boundary.
            let cut = base.len().min(MAX_LENGTH - suffix.len());
            let candidate = format!("{}{suffix}", &base[..cut]);
            if let std::collections::hash_map::Entry::Vacant(entry) = self.taken.entry(candidate.to_ascii_lowercase()) {
                entry.insert(span);
                self.next.insert(base.to_owned(), attempt + 1);
                return candidate.into();
            }
            attempt += 1;
        }
    }
}

fn base(kind: &StepKind) -> &str {
    match kind {
        StepKind::Run { .. } => "run",
        StepKind::Uses { uses, .. } => uses_base(&uses.value),
        StepKind::Wait { .. } => "wait",
        StepKind::WaitAll => "wait-all",
        StepKind::Cancel { .. } => "cancel",
        StepKind::Parallel { .. } => "parallel",
    }
}

fn uses_base(uses: &str) -> &str {
    if let Some(image) = uses.strip_prefix("docker://") {
        return if image.is_empty() { "run" } else { image };
    }
    if uses.starts_with("./") || uses.starts_with(".\\") {
        return "self";
    }
    if uses.strip_prefix("$/").is_some_and(|path| !path.trim_start_matches('/').is_empty()) {
        return "selfRepository";
    }
    let Some((path, _)) = uses.split_once('@') else {
        return "run";
    };
    // Owner and repository, as far as the second separator.
    let end = path.char_indices().filter(|(_, letter)| matches!(letter, '/' | '\\')).nth(1);
    &path[..end.map_or(path.len(), |(index, _)| index)]
}

fn sanitized(base: &str) -> String {
    let keep = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let name = base.chars().map(|letter| if keep(letter) { letter } else { '_' });
    "__".chars().chain(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_of_uses() {
        for (uses, id) in [
            ("actions/checkout@v5", "__actions_checkout"),
            ("actions/cache/restore@v4", "__actions_cache"),
            ("./.github/actions/x", "__self"),
            ("$/actions/x", "__selfRepository"),
            ("docker://ghcr.io/a/b:1", "__ghcr_io_a_b_1"),
        ] {
            assert_eq!(sanitized(uses_base(uses)), id);
        }
    }

    #[test]
    fn ids_are_counted_and_cut() {
        let mut ids = StepIds::default();
        let span = Span::new(span::FileId(0), 0, 0);
        assert_eq!(&*ids.next("__run", span), "__run");
        assert_eq!(&*ids.next("__run", span), "__run_2");
        let long = "x".repeat(200);
        assert_eq!(ids.next(&long, span).len(), 100);
        assert_eq!(ids.next(&long, span).len(), 100);
    }
}
