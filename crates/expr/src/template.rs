use std::ops::Range;
use std::sync::Arc;

use crate::expr::parser;
use crate::text::utf16_len;
use crate::{Context, EvalError, Expr, ParseError, ParseErrorKind, Scope, Trace, Value};

mod evaluate;
mod scan;

use scan::Piece;

/// Text with expressions in it: `v${{ matrix.version }}`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Template {
    source: Arc<str>,
    segments: Arc<[Segment]>,
}

/// One piece of a template.
#[derive(Debug, Clone)]
pub enum Segment {
    Text(Arc<str>),
    Expr(Expr),
}

/// The word that, alone in `${{ }}`, is not an expression but merges a mapping into another.
const INSERT: &str = "insert";

impl Template {
    /// Parses a text. Ranges in errors are bytes of `text`.
    ///
    /// # Errors
    /// Every expression of the text that is not one, and an unclosed `${{`. Text with expressions in it is to GitHub
    /// a call of `format`, and within the limits of one expression as such.
    pub fn parse(text: &str, scope: &Scope<'_>) -> Result<Self, Vec<ParseError>> {
        if !text.contains(scan::OPEN) {
            return Ok(Self::literal(text));
        }
        let source: Arc<str> = text.into();
        let mut segments = Vec::new();
        let mut errors = Vec::new();
        for piece in scan::pieces(text) {
            match piece {
                Piece::Text(range) => segments.push(Segment::Text(text[range].into())),
                Piece::Unclosed(range) => errors.push(ParseError {
                    kind: ParseErrorKind::Lexing,
                    message: "The expression is not closed. An unescaped ${{ sequence was found, but the \
                              closing }} sequence was not found."
                        .to_owned(),
                    range,
                }),
                Piece::Expr { whole, inner } => match parse_expression(&source, &whole, inner, scope) {
                    Ok(expr) => segments.push(Segment::Expr(expr)),
                    Err(error) => errors.push(error),
                },
            }
        }
        if errors.is_empty() {
            errors.extend(check_format(text, &segments));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { source, segments: segments.into() })
    }

    /// A template without expressions.
    pub fn literal(text: &str) -> Self {
        let source: Arc<str> = text.into();
        let segments: Arc<[Segment]> =
            if text.is_empty() { Arc::new([]) } else { Arc::new([Segment::Text(Arc::clone(&source))]) };
        Self { source, segments }
    }

    /// Whether a text is `${{ insert }}`: as the key of a mapping it merges the value into that mapping.
    pub fn is_insert(text: &str) -> bool {
        text.strip_prefix(scan::OPEN)
            .and_then(|inner| inner.strip_suffix(scan::CLOSE))
            .is_some_and(|inner| inner.trim() == INSERT)
    }

    /// The text the template was parsed from.
    pub fn text(&self) -> &str {
        &self.source
    }

    /// The whole text, when there is no expression in it, or only a string constant: `${{ 'a' }}`.
    pub fn as_literal(&self) -> Option<&str> {
        match &*self.segments {
            [] => Some(""),
            [Segment::Text(text)] => Some(text),
            [Segment::Expr(expr)] => expr.as_string_literal(),
            _ => None,
        }
    }

    /// The expression, when there is nothing around it.
    pub fn as_expr(&self) -> Option<&Expr> {
        match &*self.segments {
            [Segment::Expr(expr)] => Some(expr),
            _ => None,
        }
    }

    /// The expressions of the template, in order. Their ranges are bytes of the template's text.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Expr(expr) => Some(expr),
            Segment::Text(_) => None,
        })
    }

    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The value: a lone expression keeps its type, everything else becomes a string.
    ///
    /// # Errors
    /// The first expression that fails.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Value, EvalError> {
        evaluate::evaluate(self, context)
    }

    /// Like [`Template::evaluate`], with a trace for each expression that was reached.
    pub fn evaluate_traced(&self, context: &dyn Context) -> (Result<Value, EvalError>, Vec<Trace>) {
        evaluate::evaluate_traced(self, context)
    }

    pub(crate) fn source(&self) -> &Arc<str> {
        &self.source
    }
}

fn parse_expression(
    source: &Arc<str>,
    whole: &Range<usize>,
    inner: Range<usize>,
    scope: &Scope<'_>,
) -> Result<Expr, ParseError> {
    let parsing =
        |message: &str| ParseError { kind: ParseErrorKind::Parsing, message: message.to_owned(), range: whole.clone() };
    match &source[inner.clone()] {
        "" => Err(parsing("An expression was expected")),
        INSERT if whole.len() == source.len() => {
            Err(parsing("The expression directive 'insert' is not supported in this context"))
        }
        INSERT => Err(parsing(
            "The directive 'insert' is not allowed in this context. Directives are not supported for expressions \
             that are embedded within a string. Directives are only supported when the entire value is an expression.",
        )),
        _ => Expr::parse_within(source, inner, scope),
    }
}

/// The limits of the `format('…', …)` GitHub makes of text with expressions in it.
fn check_format(text: &str, segments: &[Segment]) -> Option<ParseError> {
    if segments.len() < 2 {
        return None;
    }
    let mut length = "format('')".len();
    let mut arguments = 0_usize;
    let mut depth = 0;
    for segment in segments {
        match segment {
            Segment::Text(text) => {
                length += utf16_len(text) + text.matches(['{', '}', '\'']).count();
            }
            Segment::Expr(expr) => {
                let placeholder = arguments.to_string().len() + "{}".len();
                length += placeholder + ", ".len() + utf16_len(expr.text());
                arguments += 1;
                depth = depth.max(expr.depth());
            }
        }
    }
    if length > parser::MAX_LENGTH {
        return Some(parser::too_long(0..text.len()));
    }
    if arguments >= 255 {
        return Some(ParseError {
            kind: ParseErrorKind::Parsing,
            message: format!("Too many parameters supplied: a text may hold 254 expressions, this one has {arguments}"),
            range: 0..text.len(),
        });
    }
    (depth >= parser::MAX_DEPTH).then(|| parser::too_deep(0..text.len()))
}
