//! Scalars and keys: literals checked against the schema, expressions parsed.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use expr::{Expr, ParseError, Reference, Scope, Value};
use span::{Diagnostic, Span, did_you_mean};
use yaml::{Kind, Node};

use super::{Allowed, Reader, as_text};
use crate::TemplateKey;
use crate::code;
use crate::item::{Item, ItemKind, Read};
use crate::schema::{Def, Text};

/// The functions that exist everywhere.
const FUNCTIONS: &[&str] = &["case", "contains", "endsWith", "format", "fromJSON", "join", "startsWith", "toJSON"];

impl Reader<'_> {
    pub(super) fn scalar(&mut self, node: &Node, def: &Def, allowed: &Rc<Allowed>, site: Span) -> Item {
        let text = as_text(node);
        if def.condition {
            return self.condition(node, &text, allowed);
        }
        if matches!(node.kind, Kind::String) && text.contains("${{") {
            return self.expression(node, &text, def, allowed);
        }
        self.literal(node, text, def, site)
    }

    fn literal(&mut self, node: &Node, text: Arc<str>, def: &Def, site: Span) -> Item {
        let own = match &node.kind {
            Kind::Null if def.null => Some(Value::Null),
            Kind::Bool(value) if def.boolean => Some(Value::Bool(*value)),
            Kind::Number(value) if def.number => Some(Value::Number(*value)),
            _ => None,
        };
        if let Some(value) = own {
            return Item::literal(node.span, value);
        }
        match def.string {
            Some(rule) if rule.takes(&text) => {
                return Item::literal(node.span, Value::String(text));
            }
            Some(Text::OneOf(values)) if !node.is_null() => self.unknown_value(node, &text, values),
            Some(Text::NonEmpty) if text.is_empty() => {
                let span = if node.span.is_empty() { site } else { node.span };
                let message = format!("expected {}, found nothing", def.expected());
                self.report(Diagnostic::error(code::EMPTY_VALUE, message).at(span));
            }
            _ => self.wrong_type(node, def, site),
        }
        Item::invalid(node.span)
    }

    fn expression(&mut self, node: &Node, text: &Arc<str>, def: &Def, allowed: &Rc<Allowed>) -> Item {
        // `${{ 'text' }}` is the way to write text that holds `${{`: it counts as a literal everywhere.
        if let Some(literal) = quoted_literal(text) {
            if def.string.is_some_and(|rule| rule.takes(&literal)) {
                return Item::literal(node.span, literal.into());
            }
            self.wrong_type(node, def, node.span);
            return Item::invalid(node.span);
        }
        if allowed.contexts.is_empty() {
            self.not_allowed(node, text);
            return Item::invalid(node.span);
        }
        match expr::Template::parse(text, &allowed.scope()) {
            Ok(template) => {
                let reads = template.expressions().flat_map(|expr| reads(node, expr.references())).collect();
                Item { span: node.span, kind: ItemKind::Text(template), reads }
            }
            Err(errors) => {
                self.parse_errors(node, text, &errors, allowed);
                let parse = |scope: &Scope<'_>| expr::Template::parse(text, scope);
                let Some(template) = with_unknown_names(&errors, allowed, parse) else {
                    return Item::invalid(node.span);
                };
                let known = template.expressions().flat_map(Expr::references).filter(|read| is_known(read, allowed));
                let reads = reads(node, known.collect()).collect();
                Item { span: node.span, kind: ItemKind::Text(template), reads }
            }
        }
    }

    fn not_allowed(&mut self, node: &Node, text: &str) {
        let start = text.find("${{").unwrap_or_default();
        let end = text[start..].find("}}").map_or(text.len(), |length| start + length + 2);
        self.report(
            Diagnostic::error(code::EXPRESSION_NOT_ALLOWED, "no expression can stand here")
                .at(place(node, start..end))
                .help("write the value itself: it is read before anything is evaluated"),
        );
    }

    fn condition(&mut self, node: &Node, text: &Arc<str>, allowed: &Rc<Allowed>) -> Item {
        if text.trim().is_empty() {
            return Item::literal(node.span, Value::Null);
        }
        match expr::Condition::parse(text, &allowed.scope()) {
            Ok(condition) => {
                self.warn_always_true(node, text);
                let reads = reads(node, condition.expr().references()).collect();
                Item { span: node.span, kind: ItemKind::Condition(condition), reads }
            }
            Err(errors) => {
                self.parse_errors(node, text, &errors, allowed);
                let parse = |scope: &Scope<'_>| expr::Condition::parse(text, scope);
                let Some(condition) = with_unknown_names(&errors, allowed, parse) else {
                    return Item::invalid(node.span);
                };
                self.warn_always_true(node, text);
                let known = condition.expr().references().into_iter().filter(|read| is_known(read, allowed));
                let reads = reads(node, known.collect()).collect();
                Item { span: node.span, kind: ItemKind::Condition(condition), reads }
            }
        }
    }

    /// Text around `${{ }}`, be it a line break, makes a condition a string, which is true whatever the expression says.
    fn warn_always_true(&mut self, node: &Node, text: &str) {
        let (Some(start), Some(end)) = (text.find("${{"), text.rfind("}}")) else {
            return;
        };
        let around = [&text[..start], &text[end + 2..]];
        if around == ["", ""] && text.matches("${{").count() == 1 {
            return;
        }
        let diagnostic = Diagnostic::warning(code::ALWAYS_TRUE, "this condition is always true").at(node.span);
        self.report(if around.iter().all(|text| text.trim().is_empty()) && text.matches("${{").count() == 1 {
            diagnostic
                .label("the line break outside `${{ }}` makes it a string")
                .help("end the block with `|-` or `>-`, or leave out `${{` and `}}`")
        } else {
            diagnostic
                .label("the text outside `${{ }}` makes it a string")
                .help("put the whole condition into one `${{ }}`, or leave out `${{` and `}}`")
        });
    }

    fn parse_errors(&mut self, node: &Node, text: &str, errors: &[ParseError], allowed: &Allowed) {
        for error in errors {
            let named = text.get(error.range.clone()).unwrap_or_default();
            let diagnostic =
                Diagnostic::error(code::INVALID_EXPRESSION, error.message.clone()).at(place(node, error.range.clone()));
            self.report(explain(diagnostic, &error.message, named, allowed));
        }
    }

    /// A key with an expression in it; `None` when it cannot be one, which is told.
    pub(super) fn dynamic_key(
        &mut self,
        key: &Node,
        text: &str,
        allowed: &Rc<Allowed>,
    ) -> Option<(TemplateKey, Vec<Read>)> {
        if allowed.contexts.is_empty() {
            self.not_allowed(key, text);
            return None;
        }
        if is_insert(text) {
            return Some((TemplateKey::Insert, Vec::new()));
        }
        match expr::Template::parse(text, &allowed.scope()) {
            Ok(template) => {
                let reads = template.expressions().flat_map(|expr| reads(key, expr.references())).collect();
                Some((TemplateKey::Text(template), reads))
            }
            Err(errors) => {
                self.parse_errors(key, text, &errors, allowed);
                None
            }
        }
    }
}

/// How GitHub begins what it says of a context that does not exist, or not at this place.
const UNKNOWN_NAME: &str = "Unrecognized named-value";

/// Reads a text whose only fault is that it names contexts that are not known at its place, which is told: what else is
/// wrong with it shows all the same, and what is right in it is no riddle to whoever looks at the file.
fn with_unknown_names<T>(
    errors: &[ParseError],
    allowed: &Allowed,
    parse: impl Fn(&Scope<'_>) -> Result<T, Vec<ParseError>>,
) -> Option<T> {
    if !errors.iter().all(|error| error.message.starts_with(UNKNOWN_NAME)) {
        return None;
    }
    parse(&Scope { any_context: true, ..allowed.scope() }).ok()
}

/// Whether a path begins with a context that is known at the place.
fn is_known(read: &Reference, allowed: &Allowed) -> bool {
    let first = read.path.first();
    first.is_some_and(|first| allowed.contexts.iter().any(|context| context.eq_ignore_ascii_case(first)))
}

/// Adds what would be right to GitHub's own words.
fn explain(diagnostic: Diagnostic, message: &str, named: &str, allowed: &Allowed) -> Diagnostic {
    let functions = || allowed.functions.iter().map(|function| function.name).chain(FUNCTIONS.iter().copied());
    let (meant, known): (Option<String>, Vec<&str>) = if message.starts_with(UNKNOWN_NAME) {
        let contexts = allowed.contexts.iter().copied();
        let meant = match functions().find(|function| function.eq_ignore_ascii_case(named)) {
            Some(function) => Some(format!("{function}()")),
            None => did_you_mean(named, contexts.clone()).map(str::to_owned),
        };
        (meant, contexts.collect())
    } else if message.starts_with("Unrecognized function") {
        (did_you_mean(named, functions()).map(str::to_owned), functions().collect())
    } else {
        return diagnostic;
    };
    let diagnostic = diagnostic.label("not known here");
    let diagnostic = match meant {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => diagnostic,
    };
    diagnostic.help(format!("known here: {}", known.join(", ")))
}

/// The bytes of the file behind a range of a scalar's text.
fn place(node: &Node, range: Range<usize>) -> Span {
    let span = node.as_scalar().map_or(node.span, |scalar| scalar.source_span(range));
    if span.is_empty() { node.span } else { span }
}

fn reads(node: &Node, references: Vec<expr::Reference>) -> impl Iterator<Item = Read> {
    references.into_iter().map(|reference| Read { span: place(node, reference.range.clone()), path: reference.path })
}

fn is_insert(text: &str) -> bool {
    let inner = text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| inner.trim() == "insert")
}

/// The text of `${{ 'text' }}`, when that is all there is.
fn quoted_literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix("${{")?.strip_suffix("}}")?.trim();
    let quoted = inner.strip_prefix('\'')?.strip_suffix('\'')?;
    let unescaped = quoted.replace("''", "\u{0}");
    (!unescaped.contains('\'')).then(|| unescaped.replace('\u{0}', "'"))
}
