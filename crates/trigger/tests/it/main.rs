//! Every rule of when a workflow runs, a row each.

mod cron;
mod filters;
mod gates;
mod glob;
mod paths;
mod payload;
mod validation;
mod workflow;
