//! What is known of the world outside the files: actions, commands, who writes which part of an event. Tables, each with
//! the source of its facts.

pub(crate) mod agents;
pub(crate) mod archived;
pub(crate) mod attacker;
pub(crate) mod caches;
pub(crate) mod gh;
pub(crate) mod needs;
pub(crate) mod outputs;
pub(crate) mod popular;
pub(crate) mod publish;
pub(crate) mod renamed;
pub(crate) mod sinks;
pub(crate) mod uses;
pub(crate) mod versions;
