//! The instructions, one file each where there is much to say.

mod arg;
mod command_line;
mod device;
mod health;
mod heredoc;
mod mount;
mod onbuild;
mod pair;
mod run;
mod transfer;

mod expand;
mod parse;

use span::Span;

use crate::Word;
pub use arg::ArgDefinition;
pub use command_line::CommandLine;
pub use device::Device;
pub use health::{Healthcheck, Probe};
pub use heredoc::Heredoc;
pub use mount::{Mount, MountFlag, MountKind, MountOption, Sharing};
pub use onbuild::Onbuild;
pub use pair::Pair;
pub(crate) use parse::parse;
pub use run::{Network, Run, Script, Security};
pub use transfer::{Add, Copy, Transfer};

/// One instruction after `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The keyword as written.
    pub keyword: Word,
    /// From the keyword to the end of its last line, here-documents left out.
    pub span: Span,
    /// The instruction with its lines joined, as progress and history show it.
    pub source: String,
    /// Comments right above, without `#`.
    pub comments: Vec<Word>,
    pub kind: InstructionKind,
}

/// What an instruction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstructionKind {
    Add(Add),
    Arg(Vec<ArgDefinition>),
    Cmd(CommandLine),
    Copy(Copy),
    Entrypoint(CommandLine),
    Env(Vec<Pair>),
    /// Ports as written; [`expose::ports`](crate::expose::ports) reads them once variables are in.
    Expose(Vec<Word>),
    Healthcheck(Healthcheck),
    Label(Vec<Pair>),
    Maintainer(Word),
    Onbuild(Onbuild),
    Run(Run),
    /// At least one word.
    Shell(Vec<Word>),
    StopSignal(Word),
    User(Word),
    Volume(Vec<Word>),
    Workdir(Word),
}

impl Instruction {
    /// Here-documents it was given.
    pub fn heredocs(&self) -> &[Heredoc] {
        match &self.kind {
            InstructionKind::Run(run) => &run.heredocs,
            InstructionKind::Copy(copy) => &copy.transfer.inline,
            InstructionKind::Add(add) => &add.transfer.inline,
            InstructionKind::Onbuild(onbuild) => onbuild.instruction.heredocs(),
            _ => &[],
        }
    }
}

impl InstructionKind {
    /// The keyword in upper case.
    pub fn name(&self) -> &'static str {
        match self {
            InstructionKind::Add(_) => "ADD",
            InstructionKind::Arg(_) => "ARG",
            InstructionKind::Cmd(_) => "CMD",
            InstructionKind::Copy(_) => "COPY",
            InstructionKind::Entrypoint(_) => "ENTRYPOINT",
            InstructionKind::Env(_) => "ENV",
            InstructionKind::Expose(_) => "EXPOSE",
            InstructionKind::Healthcheck(_) => "HEALTHCHECK",
            InstructionKind::Label(_) => "LABEL",
            InstructionKind::Maintainer(_) => "MAINTAINER",
            InstructionKind::Onbuild(_) => "ONBUILD",
            InstructionKind::Run(_) => "RUN",
            InstructionKind::Shell(_) => "SHELL",
            InstructionKind::StopSignal(_) => "STOPSIGNAL",
            InstructionKind::User(_) => "USER",
            InstructionKind::Volume(_) => "VOLUME",
            InstructionKind::Workdir(_) => "WORKDIR",
        }
    }
}
