//! A YAML tree after the schema was applied: types checked, expressions parsed, problems already told.

use std::sync::Arc;

use expr::Value;
use span::Span;

use crate::{Condition, Spanned, Template, TemplateEntry, TemplateKey, TemplateKind};

/// One value of the file.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) span: Span,
    pub(crate) kind: ItemKind,
    /// What the expressions of this scalar read.
    pub(crate) reads: Vec<Read>,
}

#[derive(Clone, Debug)]
pub(crate) enum ItemKind {
    /// Wrong in a way that was told; nothing more is said about it.
    Invalid,
    Literal(Value),
    Text(expr::Template),
    Condition(expr::Condition),
    Sequence(Vec<Item>),
    Mapping(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key_span: Span,
    pub(crate) key: TemplateKey,
    pub(crate) key_reads: Vec<Read>,
    pub(crate) value: Item,
}

/// A path that an expression reads, such as `needs.build.outputs.x`, with its place in the file.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) path: Vec<Arc<str>>,
    pub(crate) span: Span,
}

impl Item {
    pub(crate) fn invalid(span: Span) -> Item {
        Item { span, kind: ItemKind::Invalid, reads: Vec::new() }
    }

    pub(crate) fn literal(span: Span, value: Value) -> Item {
        Item { span, kind: ItemKind::Literal(value), reads: Vec::new() }
    }

    pub(crate) fn is_invalid(&self) -> bool {
        matches!(self.kind, ItemKind::Invalid)
    }

    /// Entries of a mapping in the file's order; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            ItemKind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Items of a sequence; none for anything else.
    pub(crate) fn items(&self) -> &[Item] {
        match &self.kind {
            ItemKind::Sequence(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.name() == Some(key))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Item> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(crate) fn value(&self) -> Option<&Value> {
        match &self.kind {
            ItemKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// A literal string with its place.
    pub(crate) fn string(&self) -> Option<Spanned<Arc<str>>> {
        match self.value()? {
            Value::String(text) => Some(Spanned { value: text.clone(), span: self.span }),
            _ => None,
        }
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        self.value()?.as_bool()
    }

    /// The strings of a list, or a lone string as a list of one.
    pub(crate) fn strings(&self) -> Vec<Spanned<Arc<str>>> {
        match &self.kind {
            ItemKind::Sequence(items) => items.iter().filter_map(Item::string).collect(),
            _ => self.string().into_iter().collect(),
        }
    }

    pub(crate) fn condition(&self) -> Option<Condition> {
        match &self.kind {
            ItemKind::Condition(condition) => Some(Condition { condition: condition.clone(), span: self.span }),
            _ => None,
        }
    }

    /// Whether an expression stands anywhere in it.
    pub(crate) fn is_dynamic(&self) -> bool {
        match &self.kind {
            ItemKind::Text(_) | ItemKind::Condition(_) => true,
            ItemKind::Invalid | ItemKind::Literal(_) => false,
            ItemKind::Sequence(items) => items.iter().any(Item::is_dynamic),
            ItemKind::Mapping(entries) => {
                entries.iter().any(|entry| entry.name().is_none() || entry.value.is_dynamic())
            }
        }
    }

    pub(crate) fn template(&self) -> Template {
        let kind = match &self.kind {
            ItemKind::Invalid => TemplateKind::Literal(Value::Null),
            ItemKind::Literal(value) => TemplateKind::Literal(value.clone()),
            ItemKind::Text(template) => TemplateKind::Text(template.clone()),
            // A condition inside a template (`snapshot.if`) stays the text that the engine never looks at.
            ItemKind::Condition(condition) => TemplateKind::Literal(condition.expr().text().into()),
            ItemKind::Sequence(items) => TemplateKind::Sequence(items.iter().map(Item::template).collect()),
            ItemKind::Mapping(entries) => TemplateKind::Mapping(entries.iter().map(Entry::template).collect()),
        };
        Template { span: self.span, kind }
    }

    /// Named templates of a mapping with free keys; keys that are expressions are left out.
    pub(crate) fn named_templates(&self) -> Vec<(Spanned<Arc<str>>, Template)> {
        self.entries().iter().filter_map(|entry| Some((entry.spanned_name()?, entry.value.template()))).collect()
    }

    /// Calls `visit` for everything that expressions in here read.
    pub(crate) fn each_read(&self, visit: &mut dyn FnMut(&Read)) {
        self.reads.iter().for_each(&mut *visit);
        for item in self.items() {
            item.each_read(visit);
        }
        for entry in self.entries() {
            entry.key_reads.iter().for_each(&mut *visit);
            entry.value.each_read(visit);
        }
    }
}

impl Entry {
    /// The key where it is a literal.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.key {
            TemplateKey::Literal(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn spanned_name(&self) -> Option<Spanned<Arc<str>>> {
        match &self.key {
            TemplateKey::Literal(name) => Some(Spanned { value: name.clone(), span: self.key_span }),
            _ => None,
        }
    }

    fn template(&self) -> TemplateEntry {
        TemplateEntry { key_span: self.key_span, key: self.key.clone(), value: self.value.template() }
    }
}
