//! What tests of the whole program stand on.
//!
//! Owns: scenarios (a small repository and what running it must give), temporary git repositories, running the built binary
//! with a state directory of its own, counting skipped tests. Must not: be linked into the binary.

mod binary;
mod images;
mod observed;
mod repository;
mod scenario;
mod skips;

pub use binary::{Binary, Finished};
pub use images::bring_in;
pub use observed::{Observed, ObservedJob, ObservedStep};
pub use repository::TestRepository;
pub use scenario::check::check;
pub use scenario::expectation::{ExpectedJob, ExpectedRun, ExpectedWorkflow, Scenario, Status};
pub use scenario::{ScenarioDirectory, discover};
pub use skips::skip;
