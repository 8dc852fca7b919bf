//! Repositories of GitHub, Gitea and Forgejo that run here: their pushes and pull requests come by signed webhooks and by
//! fetching, how their commits do is written back.

mod connect;
mod mirror;
mod provider;
mod receive;
mod work;
mod write_back;

pub use connect::NewConnection;
pub use provider::Provider;
pub(crate) use receive::receive;
pub(crate) use write_back::{tell_check, tell_comment};
