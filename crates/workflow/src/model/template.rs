//! A part of a file in which `${{ }}` may stand: evaluated when its contexts are known.

use std::sync::Arc;

use expr::Value;
use span::Span;

/// A YAML value in which scalars (and mapping keys) may hold expressions.
#[derive(Clone, Debug)]
pub struct Template {
    pub span: Span,
    pub kind: TemplateKind,
}

#[derive(Clone, Debug)]
pub enum TemplateKind {
    /// A scalar without an expression; keeps the type YAML gave it.
    Literal(Value),
    /// A string with at least one `${{ }}`. A lone expression keeps its type, else the result is a string.
    Text(expr::Template),
    Sequence(Vec<Template>),
    Mapping(Vec<TemplateEntry>),
}

#[derive(Clone, Debug)]
pub struct TemplateEntry {
    pub key_span: Span,
    pub key: TemplateKey,
    pub value: Template,
}

#[derive(Clone, Debug)]
pub enum TemplateKey {
    Literal(Arc<str>),
    Text(expr::Template),
    /// `${{ insert }}: ${{ object }}` puts the object's pairs here.
    Insert,
}

/// An expression that failed while it was evaluated, with the place of the scalar that holds it.
#[derive(Clone, Debug)]
pub struct EvaluationFailure {
    pub span: Span,
    pub message: String,
}
