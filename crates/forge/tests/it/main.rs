//! The forge over real git, real HTTP and both databases.

mod connections;
mod crash;
mod git_client;
mod hooks;
mod pulls;
mod push;
mod rules;
mod world;
