//! Applies the schema to a YAML tree.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use expr::{Function, Scope, Value};
use span::{Diagnostic, Span, did_you_mean};
use yaml::{Kind, Node};

use crate::TemplateKey;
use crate::code;
use crate::item::{Entry, Item, ItemKind};
use crate::schema::{ANY, Def, Keys, MANY, Map, Sees, Text, one_of};

mod scalar;

/// Reads `root` as `def` says. Everything wrong is added to `diagnostics`, and its place in the tree is
/// [`ItemKind::Invalid`].
pub(crate) fn read(root: &Node, def: &'static Def, diagnostics: &mut Vec<Diagnostic>) -> Item {
    let mut reader = Reader { diagnostics, advice: false };
    reader.value(root, def, &Rc::new(Allowed::default()), first_key(root))
}

struct Reader<'d> {
    diagnostics: &'d mut Vec<Diagnostic>,
    /// GitHub does not look here: what is wrong is a warning.
    advice: bool,
}

/// What expressions may name at one place: its own and everything from above.
#[derive(Default)]
struct Allowed {
    contexts: Vec<&'static str>,
    functions: Vec<Function<'static>>,
}

impl Allowed {
    fn with(self: &Rc<Self>, sees: Option<&'static Sees>) -> Rc<Allowed> {
        let Some(sees) = sees else {
            return Rc::clone(self);
        };
        let mut contexts = sees.contexts.to_vec();
        contexts.extend(self.contexts.iter().filter(|name| !sees.contexts.contains(name)));
        let mut functions = sees.functions.to_vec();
        functions.extend(self.functions.iter().filter(|own| sees.functions.iter().all(|new| new.name != own.name)));
        Rc::new(Allowed { contexts, functions })
    }

    fn scope(&self) -> Scope<'_> {
        Scope { contexts: &self.contexts, any_context: false, functions: &self.functions }
    }
}

impl Reader<'_> {
    fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.advice {
            diagnostic.severity = span::Severity::Warning;
        }
        self.diagnostics.push(diagnostic);
    }

    /// `site` is what stands for the value where the value itself is too large to point at: its key.
    fn value(&mut self, node: &Node, def: &'static Def, above: &Rc<Allowed>, site: Span) -> Item {
        let allowed = above.with(def.sees);
        let advice = self.advice;
        self.advice |= def.advice;
        let item = match (&node.kind, def.list, def.map) {
            (Kind::Seq(items), Some(item), _) => {
                let items = items.iter().map(|node| self.value(node, item, &allowed, first_key(node))).collect();
                Item { span: node.span, kind: ItemKind::Sequence(items), reads: Vec::new() }
            }
            (Kind::Map(entries), _, Some(map)) => self.mapping(node, entries, map, &allowed, site),
            (Kind::Seq(_) | Kind::Map(_), ..) => {
                self.wrong_type(node, def, site);
                Item::invalid(node.span)
            }
            _ => self.scalar(node, def, &allowed, site),
        };
        self.advice = advice;
        item
    }

    fn wrong_type(&mut self, node: &Node, def: &Def, site: Span) {
        let found = node.describe_kind();
        let span = if node.span.is_empty() { site } else { node.span };
        let mut diagnostic = Diagnostic::error(code::WRONG_TYPE, format!("expected {}, found {found}", def.expected()))
            .at(span)
            .label(if node.is_null() { "has no value".to_owned() } else { format!("this is {found}") });
        if node.as_str().is_some() {
            if def.boolean && matches!(node.text(), Some("true" | "false")) {
                diagnostic = diagnostic.help("remove the quotes: a quoted `true` is a string");
            } else if def.number && node.text().is_some_and(|text| text.parse::<f64>().is_ok()) {
                diagnostic = diagnostic.help("remove the quotes: a quoted number is a string");
            }
        }
        self.report(diagnostic);
    }

    fn mapping(&mut self, node: &Node, entries: &[(Node, Node)], map: Map, allowed: &Rc<Allowed>, site: Span) -> Item {
        let choice = match map {
            Map::Keys(keys) => Choice { keys, others: &[], by: None },
            Map::ByKey(variants) => {
                let present = |name: &str| entries.iter().find(|(key, _)| key.text() == Some(name));
                let found = variants.iter().find_map(|(name, keys)| present(name).map(|(key, _)| (*keys, key)));
                match (found, variants.last()) {
                    (Some((keys, key)), _) => Choice { keys, others: variants, by: Some(key.span) },
                    (None, Some(("", keys))) => Choice { keys, others: variants, by: None },
                    _ => {
                        self.no_variant(entries, variants, site);
                        return Item::invalid(node.span);
                    }
                }
            }
            Map::ByValue(name, variants) => match self.variant_by_value(entries, name, variants, site) {
                Some(keys) => Choice { keys, others: &[], by: None },
                None => return Item::invalid(node.span),
            },
        };
        let entries = self.entries(entries, &choice, allowed, site);
        Item { span: node.span, kind: ItemKind::Mapping(entries), reads: Vec::new() }
    }

    fn entries(&mut self, nodes: &[(Node, Node)], choice: &Choice, allowed: &Rc<Allowed>, site: Span) -> Vec<Entry> {
        let keys = choice.keys;
        let mut entries: Vec<Entry> = Vec::with_capacity(nodes.len());
        let mut seen: HashMap<String, (Span, &str)> = HashMap::with_capacity(nodes.len());
        let mut dynamic = false;
        for (key, value) in nodes {
            let Some(name) = key.text() else {
                self.report(
                    Diagnostic::error(code::WRONG_TYPE, format!("a key is a string, found {}", key.describe_kind()))
                        .at(key.span),
                );
                continue;
            };
            if key.as_str().is_some() && name.contains("${{") {
                dynamic = true;
                if let Some((template_key, key_reads)) = self.dynamic_key(key, name, allowed) {
                    let value = self.value(value, keys.other.unwrap_or(&ANY), allowed, key.span);
                    entries.push(Entry { key_span: key.span, key: template_key, key_reads, value });
                }
                continue;
            }
            if let Some((first, spelling)) = seen.get(&fold(name)) {
                // The same spelling twice is the YAML reader's to tell.
                if *spelling != name {
                    let first = *first;
                    self.report(
                        Diagnostic::error(
                            code::DUPLICATE_KEY,
                            format!("the key `{name}` is there already; keys are compared without regard to case"),
                        )
                        .at(key.span)
                        .related(first, "first here"),
                    );
                }
                continue;
            }
            seen.insert(fold(name), (key.span, name));
            let Some(def) = self.definition(key, name, choice) else {
                continue;
            };
            let value = self.value(value, def, allowed, key.span);
            let key_text: Arc<str> = key.as_scalar().map_or_else(|| name.into(), |scalar| Arc::clone(&scalar.text));
            entries.push(Entry {
                key_span: key.span,
                key: TemplateKey::Literal(key_text),
                key_reads: Vec::new(),
                value,
            });
        }
        if !dynamic {
            for key in keys.known.iter().filter(|key| key.required && !seen.contains_key(key.name)) {
                self.missing_key(key.name, choice, site);
            }
        }
        entries
    }

    /// What the value of a key is, or `None` where the key cannot stand here, which is then told.
    fn definition(&mut self, key: &Node, name: &str, choice: &Choice) -> Option<&'static Def> {
        if let Some(known) = choice.keys.find(name) {
            return Some(known.def);
        }
        if let Some(other) = choice.keys.other {
            if name.is_empty() {
                self.report(
                    Diagnostic::error(code::EMPTY_VALUE, format!("an empty key in {}", choice.keys.what)).at(key.span),
                );
                return None;
            }
            return Some(other);
        }
        let elsewhere = choice.others.iter().any(|(_, keys)| keys.find(name).is_some());
        let diagnostic = if elsewhere {
            let mut diagnostic =
                Diagnostic::error(code::CONFLICTING_KEYS, format!("`{name}` cannot stand in {}", choice.keys.what))
                    .at(key.span);
            if let Some(by) = choice.by {
                diagnostic = diagnostic.related(by, format!("this makes it {}", choice.keys.what));
            }
            diagnostic
        } else {
            unknown_key(key.span, name, choice.keys.what, choice.keys.known.iter().map(|key| key.name))
        };
        let advice = self.advice;
        self.advice |= choice.keys.lenient;
        self.report(diagnostic);
        self.advice = advice;
        None
    }

    fn missing_key(&mut self, name: &str, choice: &Choice, site: Span) {
        let mut diagnostic =
            Diagnostic::error(code::MISSING_KEY, format!("{} needs the key `{name}`", choice.keys.what)).at(site);
        let alternatives: Vec<&str> =
            choice.others.iter().map(|(by, _)| *by).filter(|by| !by.is_empty() && *by != name).collect();
        if choice.by.is_none() && !alternatives.is_empty() {
            diagnostic = diagnostic.help(format!("or, instead, {}", one_of(&alternatives)));
        }
        self.report(diagnostic);
    }

    fn no_variant(&mut self, entries: &[(Node, Node)], variants: &'static [(&'static str, &'static Keys)], site: Span) {
        let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
        let mut misspelt = false;
        let known = || variants.iter().flat_map(|(_, keys)| keys.known.iter().map(|key| key.name));
        for (key, _) in entries {
            let Some(name) = key.text() else { continue };
            if known().all(|known| known != name) {
                misspelt |= did_you_mean(name, names.iter().copied()).is_some();
                self.report(unknown_key(key.span, name, "a step", known()));
            }
        }
        if !misspelt {
            let message = format!("a step needs {}", one_of(&names));
            self.report(Diagnostic::error(code::MISSING_KEY, message).at(site));
        }
    }

    fn variant_by_value(
        &mut self,
        entries: &[(Node, Node)],
        name: &'static str,
        variants: &'static [(&'static [&'static str], &'static Keys)],
        site: Span,
    ) -> Option<&'static Keys> {
        let all = || variants.iter().flat_map(|(values, _)| values.iter().copied());
        let Some((_, value)) = entries.iter().find(|(key, _)| key.text() == Some(name)) else {
            let message = format!("the key `{name}` is missing, which says what kind this is");
            let help = format!("`{name}` is {}", one_of(&all().collect::<Vec<_>>()));
            self.report(Diagnostic::error(code::MISSING_KEY, message).at(site).help(help));
            return None;
        };
        let text = value.text().unwrap_or_default();
        let found = variants.iter().find(|(values, _)| values.iter().any(|value| value.eq_ignore_ascii_case(text)));
        if found.is_none() {
            self.unknown_value(value, text, &all().collect::<Vec<_>>());
        }
        found.map(|(_, keys)| *keys)
    }

    fn unknown_value(&mut self, node: &Node, text: &str, values: &[&str]) {
        let many = values.len() > MANY;
        let message = match many {
            true => format!("`{text}` is not known here"),
            false => format!("`{text}` is not {}", one_of(values)),
        };
        let diagnostic = Diagnostic::error(code::UNKNOWN_VALUE, message).at(node.span);
        self.report(match did_you_mean(text, values.iter().copied()) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None if many => diagnostic.help(format!("expected {}", one_of(values))),
            None => diagnostic,
        });
    }
}

/// A mapping's keys, and those it would have had with another key.
struct Choice {
    keys: &'static Keys,
    others: &'static [(&'static str, &'static Keys)],
    by: Option<Span>,
}

fn unknown_key<'a>(span: Span, name: &str, what: &str, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let diagnostic = Diagnostic::error(code::UNKNOWN_KEY, format!("{what} has no key `{name}`")).at(span);
    match did_you_mean(name, known.clone()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => {
            let mut names: Vec<&str> = Vec::new();
            for name in known {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            diagnostic.help(format!("expected {}", one_of(&names)))
        }
    }
}

/// Where to point for a list's item: its first key, else the item.
fn first_key(node: &Node) -> Span {
    node.entries().first().map_or(node.span, |(key, _)| key.span)
}

/// A key as it is compared: GitHub ignores case.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// The string a scalar counts as where only strings are taken.
fn as_text(node: &Node) -> Arc<str> {
    match &node.kind {
        Kind::Null => "".into(),
        Kind::Bool(value) => if *value { "true" } else { "false" }.into(),
        Kind::Number(value) => Value::Number(*value).to_display_string().into(),
        _ => node.as_scalar().map_or_else(|| "".into(), |scalar| Arc::clone(&scalar.text)),
    }
}

impl Text {
    fn takes(self, text: &str) -> bool {
        match self {
            Text::Any => true,
            Text::NonEmpty => !text.is_empty(),
            Text::OneOf(values) => values.contains(&text),
        }
    }
}
