//! `why run` and `why slow`.

use super::arguments::{RunQuestion, SlowQuestion};
use super::records::{EARLIER, check_job, earlier, model};
use super::show;
use crate::failure::Failure;

pub(super) fn explain(question: &RunQuestion) -> Result<(), Failure> {
    let run = model(&question.records.store()?.find(&question.run)?)?;
    check_job(&run, question.job.as_deref())?;
    let explanation = explain::run::explain(&run, question.job.as_deref());
    if question.json {
        return show::print_json(&explanation);
    }
    // Who asks for one job wants its steps.
    let steps = question.verbose || question.job.is_some();
    show::print(|_| explain::run::lines(&explanation, steps));
    Ok(())
}

pub(super) fn slow(question: &SlowQuestion) -> Result<(), Failure> {
    let store = question.records.store()?;
    let run = model(&store.find(&question.run)?)?;
    let before = earlier(&store, run.number, EARLIER)?;
    let explanation = explain::slow::explain(&run, &before);
    if question.json {
        return show::print_json(&explanation);
    }
    show::print(|_| explain::slow::lines(&explanation));
    Ok(())
}
