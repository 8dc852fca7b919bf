//! Everything of GitHub Actions that the API has.

pub(crate) mod artifacts;
pub(crate) mod caches;
pub(crate) mod deployments;
pub(crate) mod downloads;
pub(crate) mod environments;
pub(crate) mod gates;
pub(crate) mod jobs;
pub(crate) mod logs;
pub(crate) mod pending;
pub(crate) mod permissions;
pub(crate) mod runner_groups;
pub(crate) mod runner_labels;
pub(crate) mod runners;
pub(crate) mod runs;
pub(crate) mod scope;
pub(crate) mod secrets;
pub(crate) mod selected;
pub(crate) mod variables;
pub(crate) mod workflows;
