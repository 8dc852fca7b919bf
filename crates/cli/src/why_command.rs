//! `trunkline why`: what an event does to workflows, and what happened in runs, each with what decided.

mod arguments;
mod event;
mod jobs;
mod revision;
mod show;
mod words;

pub(crate) use arguments::WhyArgs;

use crate::failure::Failure;

pub(crate) fn run(args: &WhyArgs) -> Result<(), Failure> {
    event::explain(&args.event)
}
