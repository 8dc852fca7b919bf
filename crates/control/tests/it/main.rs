//! The control plane over real databases and real git repositories. Runners are played by requests to the real routes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod broken;
mod claims;
mod clock;
mod crash;
mod dispatch;
mod gates;
mod pull_requests;
mod queue;
mod runs;
mod schedules;
mod servers;
mod told_hooks;
mod triggers;
mod trust;
mod world;
