//! `trunkline why`: what an event does to workflows, and what happened in runs, each with what decided.

mod arguments;
mod cache;
mod event;
mod failed;
mod jobs;
mod records;
mod revision;
mod run;
mod secret;
pub(crate) mod show;
mod words;

pub(crate) use arguments::WhyArgs;
pub(crate) use records::model;

use self::arguments::What;
use crate::failure::Failure;

pub(crate) fn run(args: &WhyArgs) -> Result<(), Failure> {
    match &args.what {
        None => event::explain(&args.event),
        Some(What::Run(question)) => run::explain(question),
        Some(What::Failed(question)) => failed::explain(question),
        Some(What::Slow(question)) => run::slow(question),
        Some(What::Cache(question)) => cache::explain(question),
        Some(What::Secret(question)) => secret::explain(question),
    }
}
