//! Explanations from values.

mod failures;
