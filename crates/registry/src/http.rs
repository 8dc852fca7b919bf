//! The protocol: from requests to what `storage` does, and to the answers that the specification asks for.

mod blobs;
mod catalog;
mod dispatch;
mod manifests;
pub(crate) mod query;
mod range;
mod referrers;
mod route;
mod tags;
mod uploads;

pub(crate) use dispatch::{Call, dispatch, metrics_endpoint};
pub(crate) use manifests::find;
