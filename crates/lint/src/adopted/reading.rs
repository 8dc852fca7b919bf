//! Reading a YAML file key by key, with every mistake at its place.

use span::{Diagnostic, Span, did_you_mean};
use yaml::Node;

/// What is wrong so far.
pub(super) struct Reader<'a> {
    pub(super) problems: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.problems.push(Diagnostic::error("config/invalid", message.into()).at(span));
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// The keys of a mapping with their values; nothing where it is left empty.
    pub(super) fn mapping<'n>(&mut self, what: &str, node: &'n Node) -> Vec<(&'n str, Span, &'n Node)> {
        if node.is_null() {
            return Vec::new();
        }
        let Some(entries) = node.as_map() else {
            self.wrong(node.span, format!("{what} is a mapping, not {}", node.describe_kind()));
            return Vec::new();
        };
        entries.iter().filter_map(|(key, value)| Some((key.text()?, key.span, value))).collect()
    }

    /// The texts of a sequence.
    pub(super) fn texts<'n>(&mut self, what: &str, node: &'n Node) -> Vec<(&'n str, Span)> {
        if node.is_null() {
            return Vec::new();
        }
        let Some(items) = node.as_seq() else {
            self.wrong(node.span, format!("{what} is a list, not {}", node.describe_kind()));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.text() {
                Some(text) => texts.push((text, item.span)),
                None => {
                    self.wrong(item.span, format!("{what} is a list of texts, not of {}", item.describe_kind()));
                }
            }
        }
        texts
    }

    pub(super) fn unknown_key(&mut self, key: &str, span: Span, known: &[&str]) {
        let help = match did_you_mean(key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        let problem = self.wrong(span, format!("there is no key `{key}` here"));
        problem.help.push(help);
    }
}
