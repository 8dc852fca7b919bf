//! A message about a place in the code, or about the step as a whole.

use serde::{Deserialize, Serialize};

/// Annotations of one level kept for a step; further ones are only counted.
pub const MAX_ANNOTATIONS_PER_LEVEL: usize = 10;

/// Characters of an annotation's message that are kept.
pub const MAX_MESSAGE_LENGTH: usize = 4096;

/// How serious an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnnotationLevel {
    /// For information.
    Notice,
    /// Something to look at; the step's result is untouched.
    Warning,
    /// Something wrong; the step's result is still untouched.
    Error,
}

impl AnnotationLevel {
    /// The word in commands and in the log: `notice`, `warning`, `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One annotation. All text in it is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// How serious.
    pub level: AnnotationLevel,
    /// The text, at most [`MAX_MESSAGE_LENGTH`] characters.
    pub message: String,
    /// A heading, when the step gave one.
    pub title: Option<String>,
    /// File the message is about, relative to the workspace where it lies under it; `/` between parts.
    pub path: Option<String>,
    /// First line, from 1.
    pub start_line: Option<u32>,
    /// Last line, from 1.
    pub end_line: Option<u32>,
    /// First column, from 1.
    pub start_column: Option<u32>,
    /// Last column, from 1.
    pub end_column: Option<u32>,
    /// The tool's own name for the finding (problem matchers only).
    pub code: Option<String>,
}

impl Annotation {
    /// An annotation about nothing in particular.
    #[must_use]
    pub fn new(level: AnnotationLevel, message: impl Into<String>) -> Self {
        Self {
            level,
            message: message.into(),
            title: None,
            path: None,
            start_line: None,
            end_line: None,
            start_column: None,
            end_column: None,
            code: None,
        }
    }

    /// Masks every text in it and cuts the message to [`MAX_MESSAGE_LENGTH`]: in this order, so that a cut never
    /// leaves half a secret.
    #[must_use]
    pub fn masked(mut self, masker: &crate::Masker) -> Self {
        self.message = masker.mask_str(&self.message).into_owned();
        for text in [&mut self.title, &mut self.path, &mut self.code].into_iter().flatten() {
            *text = masker.mask_str(text).into_owned();
        }
        if let Some((cut, _)) = self.message.char_indices().nth(MAX_MESSAGE_LENGTH) {
            self.message.truncate(cut);
        }
        self
    }
}
