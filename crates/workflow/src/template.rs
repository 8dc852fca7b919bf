//! Evaluating templates.
//!
//! Rules from `TemplateEvaluator` of actions/runner.

use std::sync::Arc;

use expr::{Context, Object, Value};
use span::Span;

use crate::{EvaluationFailure, Template, TemplateEntry, TemplateKey, TemplateKind};

/// GitHub's bound for the result of one evaluation, in bytes.
const MAX_RESULT: usize = 10 * 1024 * 1024;
/// What a value costs besides its text.
const VALUE_SIZE: usize = 24;

impl Template {
    /// The value, with every expression evaluated.
    ///
    /// # Errors
    /// The first expression that fails, a key that is there twice after evaluation, an `insert` of something that is no
    /// mapping, or a result of more than 10 MiB.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Value, EvaluationFailure> {
        let mut size = 0;
        self.value(context, &mut size)
    }

    /// Whether there is no expression anywhere in it.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        match &self.kind {
            TemplateKind::Literal(_) => true,
            TemplateKind::Text(_) => false,
            TemplateKind::Sequence(items) => items.iter().all(Template::is_literal),
            TemplateKind::Mapping(entries) => {
                entries.iter().all(|entry| matches!(entry.key, TemplateKey::Literal(_)) && entry.value.is_literal())
            }
        }
    }

    /// The text of a literal string.
    #[must_use]
    pub fn literal_str(&self) -> Option<&str> {
        match &self.kind {
            TemplateKind::Literal(value) => value.as_str(),
            _ => None,
        }
    }

    /// The text as it stands in the file: of a literal as the string it prints as, of an expression with its braces.
    /// `None` for sequences and mappings.
    #[must_use]
    pub fn source_text(&self) -> Option<std::borrow::Cow<'_, str>> {
        match &self.kind {
            TemplateKind::Literal(value) => Some(value.to_display_string()),
            TemplateKind::Text(template) => Some(template.text().into()),
            TemplateKind::Sequence(_) | TemplateKind::Mapping(_) => None,
        }
    }

    /// Entries of a mapping in the file's order; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[TemplateEntry] {
        match &self.kind {
            TemplateKind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value under a literal key of a mapping, compared without regard to case.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Template> {
        let found = self
            .entries()
            .iter()
            .find(|entry| matches!(&entry.key, TemplateKey::Literal(name) if name.eq_ignore_ascii_case(key)));
        found.map(|entry| &entry.value)
    }

    /// Calls `visit` for every template with an expression in it, keys included, in the file's order.
    pub fn each_expression(&self, visit: &mut dyn FnMut(&expr::Template, Span)) {
        match &self.kind {
            TemplateKind::Literal(_) => {}
            TemplateKind::Text(template) => visit(template, self.span),
            TemplateKind::Sequence(items) => {
                items.iter().for_each(|item| item.each_expression(visit));
            }
            TemplateKind::Mapping(entries) => {
                for entry in entries {
                    if let TemplateKey::Text(template) = &entry.key {
                        visit(template, entry.key_span);
                    }
                    entry.value.each_expression(visit);
                }
            }
        }
    }

    fn value(&self, context: &dyn Context, size: &mut usize) -> Result<Value, EvaluationFailure> {
        match &self.kind {
            TemplateKind::Literal(value) => {
                self.count(value, size)?;
                Ok(value.clone())
            }
            TemplateKind::Text(template) => {
                let value = text(template, self.span, context)?;
                self.count(&value, size)?;
                Ok(value)
            }
            TemplateKind::Sequence(items) => {
                self.grow(VALUE_SIZE, size)?;
                let values: Result<Vec<Value>, _> = items.iter().map(|item| item.value(context, size)).collect();
                Ok(Value::array(values?))
            }
            TemplateKind::Mapping(entries) => {
                self.grow(VALUE_SIZE, size)?;
                let mut object = Object::new();
                for entry in entries {
                    self.add(entry, &mut object, context, size)?;
                }
                Ok(object.into())
            }
        }
    }

    fn add(
        &self,
        entry: &TemplateEntry,
        object: &mut Object,
        context: &dyn Context,
        size: &mut usize,
    ) -> Result<(), EvaluationFailure> {
        let key: Arc<str> = match &entry.key {
            TemplateKey::Literal(key) => Arc::clone(key),
            TemplateKey::Text(template) => match text(template, entry.key_span, context)? {
                Value::Array(_) | Value::Object(_) => {
                    return Err(failure(entry.key_span, "a key has to be a string, this expression gives none"));
                }
                value => value.to_display_string().as_ref().into(),
            },
            TemplateKey::Insert => {
                let Value::Object(inserted) = entry.value.value(context, size)? else {
                    return Err(failure(entry.value.span, "`insert` takes a mapping"));
                };
                for (key, value) in inserted.iter() {
                    put(object, key.into(), value.clone(), entry.key_span)?;
                }
                return Ok(());
            }
        };
        self.grow(key.len() + VALUE_SIZE, size)?;
        let value = entry.value.value(context, size)?;
        put(object, key, value, entry.key_span)
    }

    /// Adds a value's size to the total, going into it only as far as the bound.
    fn count(&self, value: &Value, size: &mut usize) -> Result<(), EvaluationFailure> {
        self.grow(VALUE_SIZE, size)?;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
            Value::String(text) => self.grow(text.len(), size),
            Value::Array(items) => items.iter().try_for_each(|item| self.count(item, size)),
            Value::Object(entries) => entries.iter().try_for_each(|(key, value)| {
                self.grow(key.len(), size)?;
                self.count(value, size)
            }),
        }
    }

    fn grow(&self, bytes: usize, size: &mut usize) -> Result<(), EvaluationFailure> {
        *size = size.saturating_add(bytes);
        if *size > MAX_RESULT {
            return Err(failure(self.span, "the result is larger than 10 MiB"));
        }
        Ok(())
    }
}

fn text(template: &expr::Template, span: Span, context: &dyn Context) -> Result<Value, EvaluationFailure> {
    template.evaluate(context).map_err(|error| failure(span, &error.message))
}

fn put(object: &mut Object, key: Arc<str>, value: Value, span: Span) -> Result<(), EvaluationFailure> {
    if object.contains_key(&key) {
        return Err(failure(span, &format!("the key `{key}` is there already")));
    }
    object.insert(key, value);
    Ok(())
}

fn failure(span: Span, message: &str) -> EvaluationFailure {
    EvaluationFailure { span, message: message.to_owned() }
}
