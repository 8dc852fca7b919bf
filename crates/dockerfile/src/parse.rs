//! A whole file, and the triggers of images.

use span::{Diagnostic, FileId, Span};

use crate::directive::{self, Directives};
use crate::dockerfile::{Dockerfile, GlobalArg, Parsed, Stage};
use crate::expander::AllSet;
use crate::flags::Takes;
use crate::instruction::{self, Instruction, InstructionKind};
use crate::lines::{Line, Lines};
use crate::statement::Statement;
use crate::{Expander, Word};

/// The largest file that is read.
pub const LARGEST_FILE: usize = 16 << 20;
/// A file with more stages or instructions was not written for a purpose.
const MOST_STAGES: usize = 5_000;
const MOST_INSTRUCTIONS: usize = 100_000;
/// More problems than that are not told.
const MOST_PROBLEMS: usize = 100;

/// Reads a file. Every problem of it is found, not the first only.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let mut problems = Vec::new();
    if text.len() > LARGEST_FILE {
        let message = format!("the file is larger than {} MiB", LARGEST_FILE >> 20);
        return Err(vec![Diagnostic::error("dockerfile/too-large", message).at(Span::point(file, 0))]);
    }
    let Directives { syntax, escape, check, end } = directive::read(file, text, &mut problems);
    let mut reader = Reader::new(file, text, end, escape, &mut problems);
    reader.read();
    let Reader { global_args, stages, empty_continuations, seen, .. } = reader;
    if !seen {
        let diagnostic = Diagnostic::error("dockerfile/empty-file", "the file holds no instruction");
        problems.push(diagnostic.at(Span::point(file, 0)).help("it begins with `FROM image`"));
    } else if stages.is_empty() && problems.is_empty() {
        let diagnostic =
            Diagnostic::error("dockerfile/no-stage", "the file has no `FROM`, so there is nothing to build");
        problems.push(diagnostic.at(Span::point(file, text.len())));
    }
    if problems.is_empty() {
        return Ok(Dockerfile { syntax, escape, check, global_args, stages, empty_continuations });
    }
    problems.sort_by_key(|problem| problem.primary.map(|span| (span.start, span.end)));
    if problems.len() > MOST_PROBLEMS {
        let more = problems.len() - MOST_PROBLEMS;
        problems.truncate(MOST_PROBLEMS);
        problems.push(Diagnostic::info("dockerfile/too-many-problems", format!("{more} more problems are not shown")));
    }
    Err(problems)
}

/// Reads what an image's configuration keeps of an `ONBUILD`: exactly one instruction.
pub fn parse_trigger(file: FileId, text: &str) -> Result<Instruction, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut lines = Lines::new(file, text, 0, '\\');
    let mut found = None;
    if let Some(line) = lines.next() {
        let all = 0..line.text.len();
        let statement = Statement::new(&line, all.clone(), '\\', &mut problems);
        found = instruction::parse(statement, &mut lines, all);
        if let Some(more) = lines.next() {
            let span = more.span(0..more.text.len());
            problems.push(Diagnostic::error("dockerfile/onbuild", "a trigger is one instruction only").at(span));
        }
    }
    match found {
        Some(instruction) if problems.is_empty() => {
            if let InstructionKind::Onbuild(_) | InstructionKind::Maintainer(_) = instruction.kind {
                let name = instruction.kind.name();
                let diagnostic = Diagnostic::error("dockerfile/onbuild", format!("{name} cannot be a trigger"));
                return Err(vec![diagnostic.at(instruction.span)]);
            }
            Ok(instruction)
        }
        _ => {
            if problems.is_empty() {
                let diagnostic = Diagnostic::error("dockerfile/onbuild", "the trigger holds no instruction");
                problems.push(diagnostic.at(Span::point(file, 0)));
            }
            Err(problems)
        }
    }
}

struct Reader<'a, 'p> {
    lines: Lines<'a>,
    escape: char,
    problems: &'p mut Vec<Diagnostic>,
    global_args: Vec<GlobalArg>,
    stages: Vec<Stage>,
    empty_continuations: Vec<Span>,
    seen: bool,
    /// An instruction in front of the first `FROM` was told already.
    told: bool,
}

impl<'a, 'p> Reader<'a, 'p> {
    fn new(file: FileId, text: &'a str, end: usize, escape: char, problems: &'p mut Vec<Diagnostic>) -> Self {
        let lines = Lines::new(file, text, end, escape);
        let (global_args, stages, empty_continuations) = (Vec::new(), Vec::new(), Vec::new());
        Reader { lines, escape, problems, global_args, stages, empty_continuations, seen: false, told: false }
    }

    fn read(&mut self) {
        let mut from_failed = false;
        let mut count = 0;
        while let Some(line) = self.lines.next() {
            self.seen = true;
            count += 1;
            if self.stages.len() > MOST_STAGES || count > MOST_INSTRUCTIONS {
                let message =
                    format!("the file has more than {MOST_STAGES} stages or {MOST_INSTRUCTIONS} instructions");
                self.problems.push(Diagnostic::error("dockerfile/too-large", message).at(line.span(0..0)));
                return;
            }
            self.empty_continuations.extend_from_slice(&line.empty_continuations);
            if let Some(at) = line.text.find(['\u{fffd}', '\0']) {
                let span = line.span(at..at + line.text[at..].chars().next().map_or(1, char::len_utf8));
                let message = "the instruction holds a byte that is no text";
                self.problems
                    .push(Diagnostic::error("dockerfile/encoding", message).at(span).help("the file has to be UTF-8"));
                continue;
            }
            let all = 0..line.text.len();
            let statement = Statement::new(&line, all.clone(), self.escape, self.problems);
            if statement.name() == "FROM" {
                let index = self.stages.len();
                match from(statement, index) {
                    Some(stage) => self.stages.push(stage),
                    None => from_failed = true,
                }
                continue;
            }
            let Some(instruction) = instruction::parse(statement, &mut self.lines, all) else {
                continue;
            };
            match self.stages.last_mut() {
                Some(stage) => stage.instructions.push(instruction),
                None if from_failed => {}
                None => self.before_from(instruction, &line),
            }
        }
    }

    fn before_from(&mut self, instruction: Instruction, line: &Line) {
        let Instruction { keyword, span, comments, kind, .. } = instruction;
        if let InstructionKind::Arg(definitions) = kind {
            self.global_args.push(GlobalArg { span, keyword, comments, definitions });
        } else if !std::mem::replace(&mut self.told, true) {
            let message = format!("{} stands before the first `FROM`", kind.name());
            let diagnostic = Diagnostic::error("dockerfile/before-from", message).at(line.span(0..keyword.text.len()));
            self.problems.push(diagnostic.help("only `ARG` may"));
        }
    }
}

/// `FROM [--platform=…] image [AS name]`
fn from(mut statement: Statement<'_>, index: usize) -> Option<Stage> {
    let flags = statement.read_flags(&[("platform", Takes::One)]);
    let words = statement.fields();
    let help = "as in `FROM debian:12` or `FROM debian:12 AS build`";
    let mut words = words.into_iter();
    let Some(base) = words.next() else {
        return statement.wrong(statement.keyword.span, "FROM needs an image or a stage", help);
    };
    let (as_keyword, written_name) = (words.next(), words.next());
    if let Some(word) = as_keyword.as_ref().filter(|word| !word.text.eq_ignore_ascii_case("as")) {
        let message = format!("FROM takes an image and `AS name`, not `{}`", word.text);
        return statement.wrong(word.span, message, help);
    }
    if let (Some(word), None) = (&as_keyword, &written_name) {
        return statement.wrong(word.span, "a name is missing behind `AS`", help);
    }
    if let Some(word) = words.next() {
        return statement.wrong(word.span, format!("`{}` is too much here", word.text), help);
    }
    let name = written_name.as_ref().map(|word| Word::new(word.text.to_lowercase(), word.span));
    if let Some(word) = name.as_ref().filter(|word| !is_stage_name(&word.text)) {
        statement.problem(
            Diagnostic::error("dockerfile/stage-name", format!("`{}` cannot be a stage's name", word.text))
                .at(word.span)
                .help("names begin with a letter and go on with letters, digits, `-`, `_` or `.`"),
        );
    }
    let platform = flags.one("platform").filter(|platform| !platform.text.is_empty());
    let mut expander = Expander::new(statement.escape, &AllSet);
    let broken: Vec<_> =
        [Some(&base), platform.as_ref()].into_iter().flatten().filter_map(|word| expander.word(word).err()).collect();
    statement.problems.extend(broken);
    let line = statement.line;
    Some(Stage {
        index,
        name,
        base,
        platform,
        keyword: statement.keyword.clone(),
        as_keyword,
        written_name,
        span: line.span(0..line.text.len()),
        source: line.text.trim().to_owned(),
        comments: line.comments.clone(),
        instructions: Vec::new(),
    })
}

fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
}
