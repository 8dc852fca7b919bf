//! The store on both databases.

mod core;
mod events;
mod logs;
