//! One file a topic, each with its `ENTRIES`.

pub(super) mod files;
pub(super) mod git;
pub(super) mod memory;
pub(super) mod network;
pub(super) mod node;
pub(super) mod python;
pub(super) mod rust;
pub(super) mod shell;
pub(super) mod time;
