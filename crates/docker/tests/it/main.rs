//! The docker command, called over its socket, on real sandboxes.

mod containers;
mod images;
mod networks;
mod registries;
mod world;
