//! The store on both databases.

mod core;
mod logs;
