//! Which job an event is about.

use crate::{Event, LegId};

impl Event {
    /// The job that the event is about, if it is about one.
    pub fn leg_mut(&mut self) -> Option<&mut LegId> {
        match self {
            Self::JobWaiting { leg, .. }
            | Self::Annotation { leg, .. }
            | Self::Summary { leg, .. }
            | Self::CacheLooked { leg, .. }
            | Self::CacheSaved { leg, .. } => Some(leg),
            Self::JobPlanned(planned) => Some(&mut planned.leg),
            Self::JobStarted(started) => Some(&mut started.leg),
            Self::StepStarted(started) => Some(&mut started.leg),
            Self::StepFinished(finished) => Some(&mut finished.leg),
            Self::StepProcess(process) => Some(&mut process.leg),
            Self::ActionUsed(used) => Some(&mut used.leg),
            Self::ImageUsed(used) => Some(&mut used.leg),
            Self::FilesHashed(hashed) => Some(&mut hashed.leg),
            Self::JobFinished(finished) => Some(&mut finished.leg),
            Self::Log(line) => Some(&mut line.leg),
            Self::RunStarted(_)
            | Self::WorkflowConsidered(_)
            | Self::WorkflowStarted(_)
            | Self::WorkflowFinished(_)
            | Self::RunFinished(_)
            | Self::Notice { .. }
            | Self::Tools { .. } => None,
        }
    }

    /// Whether it tells what happened while a job was executed, which only its runner knows.
    #[must_use]
    pub fn is_of_runner(&self) -> bool {
        match self {
            Self::JobStarted(_)
            | Self::StepStarted(_)
            | Self::StepFinished(_)
            | Self::StepProcess(_)
            | Self::Annotation { .. }
            | Self::Summary { .. }
            | Self::ActionUsed(_)
            | Self::ImageUsed(_)
            | Self::FilesHashed(_)
            | Self::CacheLooked { .. }
            | Self::CacheSaved { .. }
            | Self::Tools { .. }
            | Self::Notice { .. } => true,
            Self::RunStarted(_)
            | Self::WorkflowConsidered(_)
            | Self::WorkflowStarted(_)
            | Self::JobPlanned(_)
            | Self::JobWaiting { .. }
            | Self::JobFinished(_)
            | Self::WorkflowFinished(_)
            | Self::RunFinished(_)
            | Self::Log(_) => false,
        }
    }
}
