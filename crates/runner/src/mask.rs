//! Hiding secrets in everything a job shows.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

mod encodings;
mod event;
mod patterns;
mod search;
mod stream;
#[cfg(test)]
mod tests;

pub use event::event;
pub use patterns::Patterns;
pub use stream::MaskStream;

/// The secrets of a job. Clones share them; one may be added at any time and counts from then on.
///
/// Hides each value, each of its lines, and the encoded forms actions/runner knows. What was printed before a
/// value was added stays as it was.
#[derive(Clone, Default)]
pub struct Masker {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    compiled: RwLock<Compiled>,
    stale: AtomicBool,
}

#[derive(Default)]
struct Known {
    values: HashSet<String>,
    forms: HashSet<String>,
    /// Forms not compiled yet.
    fresh: Vec<String>,
}

#[derive(Default, Clone)]
struct Compiled {
    /// Forms without a line end: all that can occur in one line.
    lines: Option<Arc<Patterns>>,
    /// All forms.
    whole: Option<Arc<Patterns>>,
}

impl Masker {
    /// A masker that knows no secret.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A masker that knows the same secrets and from here on goes its own way: what one job adds must not change what
    /// another one's outputs may hold.
    #[must_use]
    pub fn fork(&self) -> Self {
        let compiled = self.compiled();
        let known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        let copied = Known { values: known.values.clone(), forms: known.forms.clone(), fresh: known.fresh.clone() };
        let stale = AtomicBool::new(!copied.fresh.is_empty());
        Self { shared: Arc::new(Shared { known: Mutex::new(copied), compiled: RwLock::new(compiled), stale }) }
    }

    /// Adds a value and each of its lines, trimmed: logs are masked line by line.
    ///
    /// A value of nothing but blanks is not added, it would hide every blank; false says so.
    pub fn add(&self, value: &str) -> bool {
        if value.trim().is_empty() {
            return false;
        }
        let mut known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
        for part in std::iter::once(value).chain(lines) {
            if known.values.insert(part.to_owned()) {
                for form in encodings::forms(part) {
                    if known.forms.insert(form.clone()) {
                        known.fresh.push(form);
                    }
                }
                // Compiled when next asked for: many values added in a row cost one compilation.
                self.shared.stale.store(true, Ordering::Release);
            }
        }
        true
    }

    /// Hides secrets in one line of a log or a text of several lines.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        match self.compiled().whole {
            Some(patterns) if patterns.found_in(text) => {
                let mut out = Vec::with_capacity(text.len());
                patterns.mask_into(text, &mut out);
                Cow::Owned(out)
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// As [`Masker::mask`], for text.
    #[must_use]
    pub fn mask_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.mask(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Patterns are whole characters, so what is left is UTF-8.
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        }
    }

    /// Whether any secret occurs: such a value must not leave the job, for instance as an output.
    #[must_use]
    pub fn found_in(&self, text: &str) -> bool {
        self.compiled().whole.is_some_and(|patterns| patterns.found_in(text.as_bytes()))
    }

    /// The patterns that can occur in one line, for searching blocks of lines; none when there are no secrets.
    #[must_use]
    pub fn line_patterns(&self) -> Option<Arc<Patterns>> {
        self.compiled().lines
    }

    fn compiled(&self) -> Compiled {
        if self.shared.stale.load(Ordering::Acquire) {
            let mut known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
            let mut compiled = self.shared.compiled.write().unwrap_or_else(PoisonError::into_inner);
            if self.shared.stale.swap(false, Ordering::AcqRel) {
                let fresh = std::mem::take(&mut known.fresh);
                let lines: Vec<String> = fresh.iter().filter(|form| !form.contains(['\r', '\n'])).cloned().collect();
                // Mostly no secret has a line end: then both are the same.
                let same = lines.len() == fresh.len()
                    && match (&compiled.lines, &compiled.whole) {
                        (Some(lines), Some(whole)) => Arc::ptr_eq(lines, whole),
                        (lines, whole) => lines.is_none() && whole.is_none(),
                    };
                let extended = |old: &Option<Arc<Patterns>>, fresh| {
                    let patterns = old.as_deref().cloned().unwrap_or_default().extended(fresh);
                    (!patterns.is_empty()).then(|| Arc::new(patterns))
                };
                compiled.lines = extended(&compiled.lines, lines);
                compiled.whole = if same { compiled.lines.clone() } else { extended(&compiled.whole, fresh) };
            }
            return compiled.clone();
        }
        self.shared.compiled.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").finish_non_exhaustive()
    }
}
