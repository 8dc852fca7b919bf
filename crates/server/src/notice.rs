//! What the server tells whoever started it.

use std::net::SocketAddr;
use std::sync::Arc;

/// One thing to know; the caller decides where it is shown.
#[derive(Clone, Debug)]
pub enum Notice {
    /// It answers requests.
    Listening { addresses: Vec<SocketAddr>, url: String },
    /// Nobody can log in yet: whoever has this link makes the first account.
    SetUp { link: String },
    /// Where figures for Prometheus are.
    Figures { address: SocketAddr },
    /// Of a local runner.
    Runner(agent::Notice),
    /// Something that an administrator should look at.
    Problem { part: &'static str, message: String },
    /// It takes no further requests; those under way are finished.
    Stopping,
}

pub type Notices = Arc<dyn Fn(Notice) + Send + Sync>;
