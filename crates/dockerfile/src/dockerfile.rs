use span::{Diagnostic, Span};

use crate::check::CheckOptions;
use crate::{ArgDefinition, Instruction, Word};

/// A whole file in which every instruction is known and well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// What `# syntax=` names. It is told, never fetched: the dialect here is the newest stable one.
    pub syntax: Option<Word>,
    /// The escape character: `\`, or a backtick after `# escape`.
    pub escape: char,
    /// What `# check=` asks for.
    pub check: CheckOptions,
    /// `ARG` before the first `FROM`, in order.
    pub global_args: Vec<GlobalArg>,
    /// At least one.
    pub stages: Vec<Stage>,
    /// Places where a continuation line is empty, for the check about them.
    pub empty_continuations: Vec<Span>,
}

/// One `ARG` instruction before the first `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalArg {
    pub span: Span,
    pub keyword: Word,
    pub comments: Vec<Word>,
    pub definitions: Vec<ArgDefinition>,
}

/// `FROM` and what follows it up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its place in the file, from 0.
    pub index: usize,
    /// `AS name`, in lower case; the span is the name's.
    pub name: Option<Word>,
    /// The image or stage, variables not yet put in.
    pub base: Word,
    /// `--platform`, variables not yet put in.
    pub platform: Option<Word>,
    /// `FROM` as written.
    pub keyword: Word,
    /// `AS` as written.
    pub as_keyword: Option<Word>,
    /// The name as written, upper case kept.
    pub written_name: Option<Word>,
    /// The `FROM` instruction.
    pub span: Span,
    /// The `FROM` instruction with its lines joined.
    pub source: String,
    /// Comments right above, without `#`.
    pub comments: Vec<Word>,
    pub instructions: Vec<Instruction>,
}

impl Dockerfile {
    /// The stage of that name (any case; the last one if several have it).
    pub fn stage_named(&self, name: &str) -> Option<&Stage> {
        self.stages
            .iter()
            .rev()
            .find(|stage| stage.name.as_ref().is_some_and(|own| own.text.eq_ignore_ascii_case(name)))
    }
}

impl Stage {
    /// Its name, or `stage-<index>`.
    pub fn display_name(&self) -> String {
        match &self.name {
            Some(name) => name.text.clone(),
            None => format!("stage-{}", self.index),
        }
    }

    /// What the comment above says about it: `# <name> <description>`.
    pub fn description(&self) -> Option<&str> {
        let name = &self.name.as_ref()?.text;
        self.comments.iter().find_map(|comment| comment.text.strip_prefix(name.as_str())?.strip_prefix(' '))
    }
}

/// What parsing gives: a file, or every problem that was found.
pub type Parsed = Result<Dockerfile, Vec<Diagnostic>>;
