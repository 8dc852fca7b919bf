//! Git over HTTP: the smart protocol and large files.

mod access;
mod advertise;
mod answer;
mod asset;
mod client;
mod incoming;
mod lfs;
mod pkt;
mod receive;
mod report;
mod run;
mod upload;

pub use client::client_address;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};

use crate::Forge;
pub(crate) use run::Holder;

impl Forge {
    /// The routes of git: `/{owner}/{repo}/info/refs`, `git-upload-pack`, `git-receive-pack`, `info/lfs/…`. `{repo}` may
    /// end with `.git`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{owner}/{repo}/info/refs", get(advertise::advertise))
            .route("/{owner}/{repo}/git-upload-pack", post(upload::upload_pack))
            .route("/{owner}/{repo}/git-receive-pack", post(receive::receive_pack))
            .route("/{owner}/{repo}/info/lfs/objects/batch", post(lfs::batch))
            .route("/{owner}/{repo}/info/lfs/objects/{oid}", put(lfs::upload).get(lfs::download))
            .route("/{owner}/{repo}/info/lfs/verify", post(lfs::verify))
            .route("/{owner}/{repo}/info/lfs/locks", get(lfs::locks).post(lfs::lock))
            .route("/{owner}/{repo}/info/lfs/locks/verify", post(lfs::verify_locks))
            .route("/{owner}/{repo}/info/lfs/locks/{id}/unlock", post(lfs::unlock))
            .route("/_trunkline/hooks/{id}", post(crate::connections::receive))
            .route("/{owner}/{repo}/releases/download/{tag}/{name}", get(asset::download))
            // Bodies are bounded where they are read.
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone())
    }
}
