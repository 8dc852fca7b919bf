//! Every rule of when a workflow runs, a row each.

mod early_gates;
mod filters;
mod gates;
mod glob;
mod paths;
mod payload;
mod workflow;
