//! What a step leaves behind besides its exit code.

use std::fmt;

use indexmap::IndexMap;

use super::{Annotation, AnnotationLevel, MAX_ANNOTATIONS_PER_LEVEL, TaskResult};

/// Everything a step said through commands and command files. The executor carries it on to the job.
#[derive(Default, Clone)]
pub struct StepState {
    /// Step outputs, last value of a name wins.
    pub outputs: IndexMap<String, String>,
    /// Variables for the steps after this one.
    pub env: IndexMap<String, String>,
    /// Directories to prepend to `PATH`, the last added first in `PATH`; each once.
    pub path: Vec<String>,
    /// State for the post step of the same action.
    pub saved_state: IndexMap<String, String>,
    /// Kept annotations, at most [`MAX_ANNOTATIONS_PER_LEVEL`] of a level.
    pub annotations: Vec<Annotation>,
    /// How many annotations there were of each level: notices, warnings, errors.
    pub annotation_counts: [u64; 3],
    /// A command could not be carried out: the step fails even when its process exits 0.
    pub command_failed: bool,
}

impl fmt::Debug for StepState {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepState")
            .field("outputs", &self.outputs.keys())
            .field("env", &self.env.keys())
            .field("saved_state", &self.saved_state.keys())
            .field("annotations", &self.annotations)
            .field("command_failed", &self.command_failed)
            .finish_non_exhaustive()
    }
}

impl StepState {
    /// Keeps an annotation, or only counts it when there are enough of its level.
    pub fn annotate(&mut self, annotation: Annotation) {
        let count = &mut self.annotation_counts[match annotation.level {
            AnnotationLevel::Notice => 0,
            AnnotationLevel::Warning => 1,
            AnnotationLevel::Error => 2,
        }];
        *count += 1;
        if *count <= MAX_ANNOTATIONS_PER_LEVEL as u64 {
            self.annotations.push(annotation);
        }
    }

    /// Adds a directory for `PATH`; one that was there moves to the end, hence to the front of `PATH`.
    pub fn add_path(&mut self, directory: String) {
        self.path.retain(|known| *known != directory);
        self.path.push(directory);
    }

    /// The verdict on the step, given how its process or action ended.
    #[must_use]
    pub fn verdict(&self, result: TaskResult, continue_on_error: bool) -> Verdict {
        let outcome = if self.command_failed { TaskResult::merge(Some(result), TaskResult::Failure) } else { result };
        let forgiven = continue_on_error && outcome == TaskResult::Failure;
        Verdict { outcome, conclusion: if forgiven { TaskResult::Success } else { outcome } }
    }
}

/// `steps.<id>.outcome` and `steps.<id>.conclusion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How the step ended.
    pub outcome: TaskResult,
    /// The same after `continue-on-error`.
    pub conclusion: TaskResult,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_fails_the_step_before_continue_on_error() {
        let failed = StepState { command_failed: true, ..StepState::default() };
        let clean = StepState::default();
        let table = [
            (&clean, TaskResult::Success, false, TaskResult::Success, TaskResult::Success),
            (&clean, TaskResult::Failure, true, TaskResult::Failure, TaskResult::Success),
            (&failed, TaskResult::Success, false, TaskResult::Failure, TaskResult::Failure),
            (&failed, TaskResult::Success, true, TaskResult::Failure, TaskResult::Success),
            (&failed, TaskResult::Cancelled, true, TaskResult::Cancelled, TaskResult::Cancelled),
        ];
        for (state, result, forgive, outcome, conclusion) in table {
            assert_eq!(state.verdict(result, forgive), Verdict { outcome, conclusion });
        }
    }

    #[test]
    fn the_last_path_added_comes_last_once() {
        let mut state = StepState::default();
        for directory in ["/a", "/b", "/a"] {
            state.add_path(directory.to_owned());
        }
        assert_eq!(state.path, ["/b", "/a"]);
    }

    #[test]
    fn annotations_beyond_the_limit_are_counted() {
        let mut state = StepState::default();
        for _ in 0..12 {
            state.annotate(Annotation::new(AnnotationLevel::Error, "x"));
        }
        assert_eq!((state.annotations.len(), state.annotation_counts), (10, [0, 0, 12]));
    }
}
