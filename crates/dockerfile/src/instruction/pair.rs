use span::Diagnostic;

use crate::Word;
use crate::statement::{Statement, is_blank, trim};

/// `name=value` of `ENV` and `LABEL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub name: Word,
    pub value: Word,
    /// Written `NAME value`, the old way.
    pub legacy: bool,
}

impl Pair {
    /// `name=value …`, or `name value` if the first word holds no `=`.
    pub(crate) fn parse(statement: &mut Statement<'_>) -> Option<Vec<Pair>> {
        statement.read_flags(&[]);
        let keyword = statement.name();
        let words = statement.quoted_words();
        let line = statement.line;
        let Some(first) = words.first() else {
            let help = format!("as in `{keyword} NAME=value`");
            return statement.wrong(statement.keyword.span, format!("{keyword} needs a name and a value"), &help);
        };
        if !line.text[first.clone()].contains('=') {
            return Pair::legacy(statement, &keyword);
        }
        let mut pairs = Vec::new();
        for range in words {
            let text = &line.text[range.clone()];
            let span = line.span(range.clone());
            match text.find('=') {
                Some(0) => {
                    statement
                        .problem(Diagnostic::error("dockerfile/pair", "a name is missing in front of `=`").at(span));
                }
                Some(at) => pairs.push(Pair {
                    name: line.word(range.start..range.start + at),
                    value: line.word(range.start + at + 1..range.end),
                    legacy: false,
                }),
                None => statement.problem(
                    Diagnostic::error("dockerfile/pair", format!("`{text}` has no `=`"))
                        .at(span)
                        .help("a value with blanks is put in quotes: `NAME=\"a value\"`"),
                ),
            }
        }
        Some(pairs)
    }

    fn legacy(statement: &mut Statement<'_>, keyword: &str) -> Option<Vec<Pair>> {
        let text = statement.text();
        let start = statement.rest.start;
        let Some(end) = text.find(is_blank) else {
            let message = format!("`{text}` has no value");
            let diagnostic = Diagnostic::error("dockerfile/pair", message)
                .at(statement.place())
                .help(format!("write `{keyword} {text}=…`; an empty value is `{text}=`"));
            statement.problem(diagnostic);
            return None;
        };
        let value = trim(&statement.line.text, start + end..statement.rest.end);
        let name = statement.line.word(start..start + end);
        Some(vec![Pair { name, value: statement.line.word(value), legacy: true }])
    }
}
