use span::Diagnostic;

use crate::Word;
use crate::statement::Statement;

/// One name of an `ARG`, with its default if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgDefinition {
    pub name: Word,
    /// The default, quotes and variables still in. It is not looked at when the build gives a value.
    pub default: Option<Word>,
}

impl ArgDefinition {
    /// `ARG name name=default …`
    pub(crate) fn parse(statement: &mut Statement<'_>) -> Option<Vec<ArgDefinition>> {
        statement.read_flags(&[]);
        let mut definitions = Vec::new();
        if statement.rest.is_empty() {
            return statement.wrong(statement.keyword.span, "ARG needs a name", "as in `ARG VERSION=1.0`");
        }
        for range in statement.quoted_words() {
            let text = &statement.line.text[range.clone()];
            let (name, default) = match text.find('=') {
                Some(at) => (range.start..range.start + at, Some(range.start + at + 1..range.end)),
                None => (range.clone(), None),
            };
            if name.is_empty() {
                let span = statement.line.span(range);
                statement.problem(Diagnostic::error("dockerfile/pair", "a name is missing in front of `=`").at(span));
                continue;
            }
            let line = statement.line;
            definitions.push(ArgDefinition { name: line.word(name), default: default.map(|range| line.word(range)) });
        }
        Some(definitions)
    }
}
