//! The last word about a job.

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
            Err(_) => return None,
        }
    }
}
