//! What became of a step: results and how they merge, annotations, and the state a step leaves behind.

mod annotation;
mod step_state;
mod task_result;

pub use annotation::{Annotation, AnnotationLevel, MAX_ANNOTATIONS_PER_LEVEL, MAX_MESSAGE_LENGTH};
pub use step_state::{StepState, Verdict};
pub use task_result::TaskResult;
