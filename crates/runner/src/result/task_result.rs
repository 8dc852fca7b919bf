//! The result of a step or job, and the worse of two.

use serde::{Deserialize, Serialize};

/// The result of a step or a job. The order is the one results merge by.
///
/// Names on the wire are those of the `steps.*.outcome` and `job.status` contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskResult {
    /// Ended well.
    Success,
    /// Exited with an error, timed out, or a command of it failed.
    Failure,
    /// Stopped on request.
    Cancelled,
    /// Never ran.
    Skipped,
    /// Lost: nobody knows how it ended.
    Abandoned,
}

impl TaskResult {
    /// The worse of a result so far and one that comes in.
    ///
    /// Only success and failure may still get worse: a cancelled, skipped or abandoned result stays
    /// (actions/runner, TaskResultUtil.MergeTaskResults).
    #[must_use]
    pub fn merge(current: Option<Self>, coming: Self) -> Self {
        match current {
            None => coming,
            Some(current) if current > Self::Failure => current,
            Some(current) => current.max(coming),
        }
    }

    /// The name expressions see: `success`, `failure`, `cancelled`, `skipped`.
    ///
    /// Contexts know no abandoned step; it reads as a failure.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure | Self::Abandoned => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TaskResult::{self, Abandoned, Cancelled, Failure, Skipped, Success};

    #[test]
    fn only_success_and_failure_get_worse() {
        let table = [
            (None, Failure, Failure),
            (None, Skipped, Skipped),
            (Some(Success), Success, Success),
            (Some(Success), Failure, Failure),
            (Some(Success), Skipped, Skipped),
            (Some(Failure), Success, Failure),
            (Some(Failure), Cancelled, Cancelled),
            (Some(Cancelled), Failure, Cancelled),
            (Some(Cancelled), Abandoned, Cancelled),
            (Some(Skipped), Failure, Skipped),
            (Some(Abandoned), Success, Abandoned),
        ];
        for (current, coming, merged) in table {
            assert_eq!(TaskResult::merge(current, coming), merged, "{current:?} + {coming:?}");
        }
    }
}
