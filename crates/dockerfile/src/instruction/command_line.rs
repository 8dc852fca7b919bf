use span::Diagnostic;

use crate::Word;
use crate::json::{self, Form};
use crate::statement::Statement;

/// What `RUN`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK CMD` start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// Given whole to the shell of the stage.
    Shell(Word),
    /// Started as it is: `["program", "argument"]`. May be empty.
    Exec(Vec<Word>),
}

impl CommandLine {
    /// The arguments to start, with `shell` in front of the shell form.
    pub fn arguments(&self, shell: &[String]) -> Vec<String> {
        match self {
            CommandLine::Shell(line) => shell.iter().cloned().chain([line.text.clone()]).collect(),
            CommandLine::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
        }
    }

    /// Reads what is left of the statement.
    pub(crate) fn parse(statement: &mut Statement<'_>) -> Option<CommandLine> {
        match json::read(statement.line, statement.rest.clone()) {
            Form::Array(words) => Some(CommandLine::Exec(words)),
            Form::NotStrings(range) => {
                let span = statement.line.span(range);
                statement.problem(not_strings().at(span));
                None
            }
            Form::Text => Some(CommandLine::Shell(statement.whole())),
        }
    }

    /// Whether nothing would be started.
    pub fn is_empty(&self) -> bool {
        match self {
            CommandLine::Shell(line) => line.text.is_empty(),
            CommandLine::Exec(words) => words.is_empty(),
        }
    }
}

/// An array with something else than strings.
pub(crate) fn not_strings() -> Diagnostic {
    Diagnostic::error("dockerfile/json", "the array holds something else than strings")
        .help("every argument is a string: `[\"sleep\", \"10\"]`")
}
