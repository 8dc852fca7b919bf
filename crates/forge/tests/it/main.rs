//! The forge over real git, real HTTP and both databases.

mod git_client;
mod push;
mod world;
