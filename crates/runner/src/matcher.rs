//! Problem matchers: regular expressions over a step's output that make annotations.

mod colour;
mod config;
mod problem;
mod registry;
mod state;
mod translate;

pub use config::{Config, ConfigError};
pub use registry::Matchers;
pub(crate) use state::{Outcome, Remarks, StreamMatchers};
