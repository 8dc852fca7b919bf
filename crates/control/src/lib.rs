//! The control plane: events to runs, runs to jobs, jobs to runners.
