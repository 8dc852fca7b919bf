//! The last word about a job.

use api::Conclusion;
use api::wire::{ErrorCode, Finish, Outcome, Report};
use runner::{JobReport, Masker};

use crate::outbox::Courier;

/// The runner's report as it goes to the server.
pub(super) fn of(report: JobReport, masker: &Masker) -> Report {
    let mask = |text: String| masker.mask_str(&text).into_owned();
    Report {
        conclusion: report.conclusion,
        reason: report.reason.map(|reason| api::Reason { reason: mask(reason.reason), ..reason }),
        outputs: report.outputs,
        first_error: report.first_error.map(mask),
        environment_url: report.environment_url.map(mask),
    }
}

/// Sends it until the server has it. What was reported; `None` when another claim holds the job.
pub(crate) async fn deliver(courier: &Courier, mut finish: Finish) -> Option<Outcome> {
    loop {
        let answer = courier.send(|| courier.agent.client.finish(courier.held, &finish)).await.ok()?;
        match answer {
            Ok(()) => return Some(finish.outcome),
            Err(failure) if failure.code() == Some(ErrorCode::Incomplete) => {
                // What the server would not take is not there; it must not hold the report up.
                let progress = courier.send(|| courier.agent.client.progress(courier.held)).await.ok()?.ok()?;
                if (progress.events, progress.log) == (finish.events, finish.log) {
                    return None;
                }
                (finish.events, finish.log) = (progress.events, progress.log);
            }
            Err(failure) => {
                let told = format!("the server does not take the job's report: {failure}");
                courier.agent.tell(crate::Notice::Problem { message: format!("job {}: {told}", courier.held.job) });
                // A job whose end nobody knows would hold its place until its time is over.
                match without_content(&finish.outcome, told) {
                    Some(less) => finish.outcome = less,
                    None => return None,
                }
            }
        }
    }
}

/// A failure in place of a report that was refused; none when that was refused, too.
fn without_content(refused: &Outcome, told: String) -> Option<Outcome> {
    const CODE: &str = "report-refused";
    let known = match refused {
        Outcome::Executed(report) => report.reason.as_ref(),
        Outcome::Lost { reason, .. } => Some(reason),
    };
    if known.is_some_and(|reason| reason.code == CODE) {
        return None;
    }
    let reason = api::Reason { code: CODE.to_owned(), reason: told.clone(), location: None };
    Some(Outcome::Executed(Report {
        conclusion: Conclusion::Failure,
        reason: Some(reason),
        outputs: Default::default(),
        first_error: Some(told),
        environment_url: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_report_is_said_again_without_its_content_and_only_once() {
        let report = Report {
            conclusion: Conclusion::Success,
            reason: None,
            outputs: [("large".to_owned(), "x".repeat(100))].into(),
            first_error: None,
            environment_url: None,
        };
        let again = without_content(&Outcome::Executed(report), "too large".to_owned()).unwrap();
        let Outcome::Executed(report) = &again else { panic!("{again:?}") };
        assert!(report.conclusion == Conclusion::Failure && report.outputs.is_empty());
        assert_eq!(report.first_error.as_deref(), Some("too large"));
        assert!(without_content(&again, "too large".to_owned()).is_none());
    }
}
