use std::borrow::Cow;

use span::{Diagnostic, FileId, Span};

use crate::build::{Builder, Stop};
use crate::draft::Place;
use crate::{Limits, Node, brackets, problem};

/// What was read, with everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The tree, as far as it could be made; `None` if the text is not YAML.
    pub root: Option<Node>,
    /// Every `&anchor` in the file's order.
    pub anchors: Vec<Anchor>,
    /// In the file's order.
    pub diagnostics: Vec<Diagnostic>,
}

/// An `&anchor` and how often it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub name: String,
    /// `&name` itself.
    pub span: Span,
    /// How many `*name` refer to it.
    pub uses: usize,
}

/// Reads one YAML document. Errors are all that were found, in the file's order; never empty.
pub fn parse(file: FileId, text: &str, limits: &Limits) -> Result<Node, Vec<Diagnostic>> {
    read(file, text, limits).into_result()
}

/// As [`parse`], for bytes that need not be UTF-8.
pub fn parse_bytes(file: FileId, bytes: &[u8], limits: &Limits) -> Result<Node, Vec<Diagnostic>> {
    read_bytes(file, bytes, limits).into_result()
}

/// As [`parse`], and keeps what could be read beside the errors, and the anchors.
pub fn read(file: FileId, text: &str, limits: &Limits) -> Parsed {
    if text.len() > limits.max_bytes {
        let place = Span::point(file, 0);
        return Parsed::failed(problem::too_large(place, text.len(), limits.max_bytes));
    }
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let place = Place { file, base: text.len() - body.len() };
    let mut body = Cow::Borrowed(body);
    let mut tries = 0;
    let (root, anchors, mut diagnostics) = loop {
        let mut builder = Builder::new(&body, place, limits);
        match builder.run() {
            Ok(()) => {
                let (root, anchors, diagnostics) = builder.finish();
                break (Some(root), anchors, diagnostics);
            }
            Err(Stop { syntax_at }) => {
                let joined = syntax_at.filter(|_| tries < MAX_BRACKETS).and_then(|at| brackets::join_line(&body, at));
                let Some(joined) = joined else {
                    let (anchors, diagnostics) = builder.into_anchors();
                    break (None, anchors, diagnostics);
                };
                tries += 1;
                body = Cow::Owned(joined);
            }
        }
    };
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.map(|span| span.start));
    Parsed { root, anchors, diagnostics }
}

/// As [`read`], for bytes that need not be UTF-8. Spans are offsets into the bytes; where these
/// are not UTF-8, the one diagnostic points at the first replacement character of
/// [`String::from_utf8_lossy`], which is the text to show it with.
pub fn read_bytes(file: FileId, bytes: &[u8], limits: &Limits) -> Parsed {
    if bytes.len() > limits.max_bytes {
        let place = Span::point(file, 0);
        return Parsed::failed(problem::too_large(place, bytes.len(), limits.max_bytes));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => read(file, text, limits),
        Err(error) => Parsed::failed(problem::encoding(file, bytes, error.valid_up_to())),
    }
}

/// A file is read again for each bracket that stands too far to the left; one with more of them is not read.
const MAX_BRACKETS: usize = 64;

const BYTE_ORDER_MARK: char = '\u{FEFF}';

impl Parsed {
    fn failed(diagnostic: Diagnostic) -> Parsed {
        Parsed { root: None, anchors: Vec::new(), diagnostics: vec![diagnostic] }
    }

    /// The tree if nothing is wrong with it, else the errors.
    pub fn into_result(self) -> Result<Node, Vec<Diagnostic>> {
        match self.root {
            Some(root) if !self.diagnostics.iter().any(Diagnostic::is_error) => Ok(root),
            _ => Err(self.diagnostics),
        }
    }
}
