//! Workflow commands: what a step prints to steer the runner.

mod escape;
mod issue;
mod parse;
mod processor;

pub use parse::{Command, NAMES, parse};
pub(crate) use processor::Handled;
pub use processor::{Options, Processor};
