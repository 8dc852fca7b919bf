//! The matchers over one stream of a step.

use std::sync::Arc;

use super::colour::stripped;
use super::problem::Found;
use super::translate::Exceeded;
use super::{Config, Matchers};
use crate::paths::Paths;
use crate::result::Annotation;

/// Searches of one matcher that may take too long before it is taken out.
const MAX_EXCEEDED: u32 = 3;

/// What the matchers made of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing: the line is shown as it is.
    Nothing,
    /// A problem; the line, without colour codes, is shown with the annotation's level.
    Problem {
        /// The annotation, not masked yet.
        annotation: Box<Annotation>,
        /// The line without colour codes.
        line: String,
    },
}

/// Matchers with their state over one stream. The other stream of the step has its own.
#[derive(Debug)]
pub(crate) struct StreamMatchers {
    matchers: Matchers,
    version: Option<u64>,
    active: Vec<Active>,
    removed: Vec<Arc<Config>>,
}

#[derive(Debug)]
struct Active {
    config: Arc<Config>,
    /// What was found up to each pattern but the last.
    running: Vec<Option<Found>>,
    exceeded: u32,
}

/// Things to say about a line: notes for the debug log and warnings.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl StreamMatchers {
    pub(crate) fn new(matchers: Matchers) -> Self {
        Self { matchers, version: None, active: Vec::new(), removed: Vec::new() }
    }

    /// Whether there is nothing to match: lines need not be looked at.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.refresh();
        self.active.is_empty()
    }

    /// Follows the job's list; matchers that stay keep their state.
    fn refresh(&mut self) {
        let version = self.matchers.version();
        if self.version == Some(version) {
            return;
        }
        self.version = Some(version);
        let mut old = std::mem::take(&mut self.active);
        for config in self.matchers.list() {
            if self.removed.iter().any(|removed| Arc::ptr_eq(removed, &config)) {
                continue;
            }
            let kept = old.iter().position(|active| Arc::ptr_eq(&active.config, &config));
            self.active.push(kept.map_or_else(|| Active::new(config), |index| old.swap_remove(index)));
        }
    }

    /// Looks at one line. The newest matcher that finds a problem has it; all others start over.
    pub(crate) fn look(&mut self, line: &str, paths: &Paths, remarks: &mut Remarks) -> Outcome {
        let line = stripped(line);
        let mut index = 0;
        while index < self.active.len() {
            match self.active[index].look(&line) {
                Ok(None) => index += 1,
                Ok(Some(found)) => {
                    for (other, active) in self.active.iter_mut().enumerate() {
                        if other != index {
                            active.reset();
                        }
                    }
                    let annotation = found.annotation(&self.active[index].config, paths, &mut remarks.notes);
                    if let Some(annotation) = annotation {
                        return Outcome::Problem { annotation: Box::new(annotation), line: line.into_owned() };
                    }
                    index += 1;
                }
                Err(Exceeded) => {
                    let active = &mut self.active[index];
                    active.exceeded += 1;
                    if active.exceeded < MAX_EXCEEDED {
                        remarks
                            .notes
                            .push(format!("Problem matcher '{}' takes too long over a line", active.config.owner()));
                        index += 1;
                    } else {
                        remarks.warnings.push(format!(
                            "Problem matcher '{}' is removed: its regular expression took too long {MAX_EXCEEDED} times.",
                            active.config.owner()
                        ));
                        self.removed.push(self.active.remove(index).config);
                    }
                }
            }
        }
        Outcome::Nothing
    }
}

impl Active {
    fn new(config: Arc<Config>) -> Self {
        let running = vec![None; config.patterns.len() - 1];
        Self { config, running, exceeded: 0 }
    }

    fn reset(&mut self) {
        self.running.fill(None);
    }

    /// Tries the patterns from the last to the first, so that one line moves each run of lines by one pattern only.
    fn look(&mut self, line: &str) -> Result<Option<Found>, Exceeded> {
        let last = self.config.patterns.len() - 1;
        for index in (0..=last).rev() {
            let before = match index.checked_sub(1) {
                None => Found::default(),
                Some(previous) => match &self.running[previous] {
                    None => continue,
                    Some(found) => found.clone(),
                },
            };
            let pattern = &self.config.patterns[index];
            match pattern.pattern.captures(line)? {
                Some(groups) => {
                    let found = before.clone().with(pattern, &groups);
                    if index < last {
                        self.running[index] = Some(found);
                        continue;
                    }
                    let repeats = pattern.repeats;
                    self.reset();
                    if repeats {
                        self.running[index - 1] = Some(before);
                    }
                    return Ok(Some(found));
                }
                None if index < last => self.running[index] = None,
                // The last pattern broke the run that led to it.
                None if index > 0 => self.running[index - 1] = None,
                None => {}
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
