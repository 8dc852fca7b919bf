//! What a `RUN` needs around its process: mounts, output, a machine that can run it.

mod copy_tree;
mod mounts;
mod output;
mod platform;
mod ssh;

pub(crate) use mounts::Mounts;
pub(crate) use output::Output;
pub(crate) use platform::check_platform;
pub(crate) use ssh::Agents;
