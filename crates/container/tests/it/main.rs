//! Containers, on real sandboxes.

mod health;
mod life;
mod mounts;
mod processes;
mod user;
mod world;
