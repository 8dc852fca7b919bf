//! The control plane over real databases and real git repositories. Runners are played by requests to the real routes.

mod crash;
mod dispatch;
mod gates;
mod queue;
mod runs;
mod schedules;
mod triggers;
mod world;
