//! The binary `trunkline`.

mod dirs;
mod failure;
mod record;
mod report;

fn main() {}
