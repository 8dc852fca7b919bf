//! The Dockerfile language: BuildKit's dialect, text to instructions in which everything has its place.
//!
//! Owns: parsing, variables, here-documents, stages and what they need, `.dockerignore`, checks. Must not: read files,
//! know images or the time. Anything unknown is an error with its place; no input makes it panic, hang or grow without
//! bounds.

pub mod check;
mod directive;
mod dockerfile;
mod duration;
mod expand;
mod expander;
pub mod expose;
mod flags;
mod heredoc;
pub mod ignore;
mod instruction;
mod json;
mod lines;
mod mode;
mod owner;
mod parse;
mod plan;
mod scope;
pub mod signal;
mod size;
mod statement;
mod word;

pub use check::{BaseFacts, CheckInput, CheckOptions, check};
pub use dockerfile::{Dockerfile, GlobalArg, Parsed, Stage};
pub use expand::{
    ExpandError, Expansion, Layered, NoVariables, Variables, expand, expand_document, expand_for_display,
};
pub use expander::Expander;
pub use ignore::{Entry, Ignore, Level};
pub use instruction::{
    Add, ArgDefinition, CommandLine, Copy, Device, Healthcheck, Heredoc, Instruction, InstructionKind, Mount,
    MountFlag, MountKind, MountOption, Network, Onbuild, Pair, Probe, Run, Script, Security, Sharing, Transfer,
};
pub use mode::{Change, Mode};
pub use owner::{Owner, Principal};
pub use parse::{LARGEST_FILE, parse, parse_trigger};
pub use plan::{Base, From, Plan, PlanInput, StagePlan};
pub use scope::{Declared, Scope};
pub use word::Word;
