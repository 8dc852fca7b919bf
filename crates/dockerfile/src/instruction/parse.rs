//! From a statement to an instruction.

use std::ops::Range;

use span::{Diagnostic, did_you_mean};

use super::command_line::not_strings;
use super::{
    Add, ArgDefinition, CommandLine, Copy, Healthcheck, Heredoc, Instruction, InstructionKind, Onbuild, Pair, Run,
};
use crate::expander::AllSet;
use crate::heredoc::Marker;
use crate::json::{self, Form};
use crate::lines::Lines;
use crate::statement::Statement;
use crate::{Expander, Word, expose, signal};

/// Every instruction's keyword.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Reads one instruction other than `FROM`; `range` is all of it within its line. Here-documents are taken from `lines`.
pub(crate) fn parse(mut statement: Statement<'_>, lines: &mut Lines<'_>, range: Range<usize>) -> Option<Instruction> {
    let name = statement.name();
    if ["ADD", "COPY", "RUN"].contains(&name.as_str()) {
        read_heredocs(&mut statement, lines, range.clone())?;
    }
    let before = statement.problems.len();
    let kind = match name.as_str() {
        "ADD" => Add::parse(&mut statement).map(InstructionKind::Add),
        "ARG" => ArgDefinition::parse(&mut statement).map(InstructionKind::Arg),
        "CMD" => plain_command(&mut statement).map(InstructionKind::Cmd),
        "COPY" => Copy::parse(&mut statement).map(InstructionKind::Copy),
        "ENTRYPOINT" => plain_command(&mut statement).map(InstructionKind::Entrypoint),
        "ENV" => Pair::parse(&mut statement).map(InstructionKind::Env),
        "EXPOSE" => expose_words(&mut statement).map(InstructionKind::Expose),
        "HEALTHCHECK" => Healthcheck::parse(&mut statement).map(InstructionKind::Healthcheck),
        "LABEL" => Pair::parse(&mut statement).map(InstructionKind::Label),
        "MAINTAINER" => one(&mut statement, "a name").map(InstructionKind::Maintainer),
        "ONBUILD" => Onbuild::parse(&mut statement, lines).map(InstructionKind::Onbuild),
        "RUN" => Run::parse(&mut statement).map(InstructionKind::Run),
        "SHELL" => shell(&mut statement).map(InstructionKind::Shell),
        "STOPSIGNAL" => one(&mut statement, "a signal").map(InstructionKind::StopSignal),
        "USER" => one(&mut statement, "a user").map(InstructionKind::User),
        "VOLUME" => volumes(&mut statement).map(InstructionKind::Volume),
        "WORKDIR" => one(&mut statement, "a path").map(InstructionKind::Workdir),
        _ => unknown(&mut statement),
    }?;
    let line = statement.line;
    let instruction = Instruction {
        keyword: statement.keyword.clone(),
        span: line.span(range.clone()),
        source: line.text[range].trim().to_owned(),
        comments: line.comments.clone(),
        kind,
    };
    if statement.problems.len() == before {
        let found = lasting_problems(&instruction, statement.escape);
        statement.problems.extend(found);
    }
    Some(instruction)
}

/// Takes the documents that a line asks for out of the lines after it.
fn read_heredocs(statement: &mut Statement<'_>, lines: &mut Lines<'_>, range: Range<usize>) -> Option<()> {
    if matches!(json::read(statement.line, statement.rest.clone()), Form::Array(_)) {
        return Some(());
    }
    for (marker, place) in Marker::of_line(&statement.line.text[range.clone()]) {
        let document = lines.document(&marker.name, marker.strip_tabs);
        let place = statement.line.span(range.start + place.start..range.start + place.end);
        if !document.ended {
            statement.problem(
                Diagnostic::error("dockerfile/heredoc", format!("the here-document `{}` never ends", marker.name))
                    .at(place)
                    .help(format!("a line that holds `{}` and nothing else ends it", marker.name)),
            );
            return None;
        }
        statement.heredocs.push(Heredoc {
            name: marker.name,
            place,
            content: document.content,
            span: document.span,
            expand: marker.expand,
            strip_tabs: marker.strip_tabs,
        });
    }
    Some(())
}

fn unknown(statement: &mut Statement<'_>) -> Option<InstructionKind> {
    let keyword = &statement.keyword;
    let diagnostic =
        Diagnostic::error("dockerfile/unknown-instruction", format!("there is no instruction `{}`", keyword.text))
            .at(keyword.span);
    let diagnostic = match did_you_mean(&keyword.text.to_ascii_uppercase(), KEYWORDS) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("if it belongs to the line above, that line has to end with the escape character"),
    };
    statement.problem(diagnostic);
    None
}

fn plain_command(statement: &mut Statement<'_>) -> Option<CommandLine> {
    statement.read_flags(&[]);
    CommandLine::parse(statement)
}

fn one(statement: &mut Statement<'_>, what: &str) -> Option<Word> {
    statement.read_flags(&[]);
    statement.single(what)
}

fn expose_words(statement: &mut Statement<'_>) -> Option<Vec<Word>> {
    statement.read_flags(&[]);
    let words = statement.fields();
    if words.is_empty() {
        return statement.wrong(statement.keyword.span, "EXPOSE needs a port", "as in `EXPOSE 8080/tcp`");
    }
    Some(words)
}

fn volumes(statement: &mut Statement<'_>) -> Option<Vec<Word>> {
    statement.read_flags(&[]);
    let words = match json::read(statement.line, statement.rest.clone()) {
        Form::Array(words) => words,
        Form::NotStrings(range) => {
            let span = statement.line.span(range);
            statement.problem(not_strings().at(span));
            return None;
        }
        Form::Text => statement.fields(),
    };
    if words.is_empty() {
        return statement.wrong(statement.place(), "VOLUME needs a path", "as in `VOLUME /data`");
    }
    if let Some(empty) = words.iter().find(|word| word.text.trim().is_empty()) {
        let span = empty.span;
        return statement.wrong(span, "the path of a volume is empty", "");
    }
    Some(words.into_iter().map(|word| Word { text: word.text.trim().to_owned(), ..word }).collect())
}

fn shell(statement: &mut Statement<'_>) -> Option<Vec<Word>> {
    statement.read_flags(&[]);
    let help = "as in `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`";
    match json::read(statement.line, statement.rest.clone()) {
        Form::Array(words) if !words.is_empty() => Some(words),
        Form::Array(_) => statement.wrong(statement.place(), "SHELL needs a program", help),
        Form::NotStrings(range) => {
            let span = statement.line.span(range);
            statement.problem(not_strings().at(span));
            None
        }
        Form::Text => {
            let diagnostic = Diagnostic::error("dockerfile/json", "SHELL takes a JSON array").at(statement.place());
            statement.problem(diagnostic.help(help));
            None
        }
    }
}

/// What is wrong whatever values the variables will have: quotes and `${…}` that cannot be read, and words without
/// variables that cannot be what they have to be.
fn lasting_problems(instruction: &Instruction, escape: char) -> Vec<Diagnostic> {
    let mut expander = Expander::new(escape, &AllSet);
    let expanded = match instruction.kind.expand(&mut expander) {
        Ok(expanded) => expanded,
        Err(problems) => return problems,
    };
    let mut problems = Vec::new();
    let fixed = |word: &&Word| !word.text.contains('$');
    match (&instruction.kind, &expanded) {
        (InstructionKind::Expose(words), _) => {
            let words: Vec<Word> = words.iter().filter(fixed).cloned().collect();
            problems.extend(expose::ports(&words).err().unwrap_or_default());
        }
        (InstructionKind::StopSignal(word), InstructionKind::StopSignal(expanded)) if fixed(&word) => {
            problems.extend(signal::check(expanded).err());
        }
        (InstructionKind::Copy(copy), InstructionKind::Copy(expanded)) => {
            problems.extend(copy.transfer.lasting_problems(&expanded.transfer));
        }
        (InstructionKind::Add(add), InstructionKind::Add(expanded)) => {
            problems.extend(add.transfer.lasting_problems(&expanded.transfer));
        }
        (InstructionKind::Arg(definitions), _) => {
            let defaults = definitions.iter().filter_map(|definition| definition.default.as_ref());
            problems.extend(defaults.filter_map(|default| expander.word(default).err()));
        }
        _ => {}
    }
    problems
}
