//! Images and registries of a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use actions::native::{Images, Registries};
use image::auth::Credentials;
use registry::{AccessConfig, Action, Anonymous, Config, Grant, Registry};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::net::TcpListener;

use crate::run_command::start::{Early, Ready};

/// The registry that workflows push to with nothing but their own token. At the desk the run's own one stands in for it.
const OWN: &str = "ghcr.io";

pub(super) fn make(ready: &Ready<'_>, early: &Early) -> Arc<Images> {
    let dirs = &ready.dirs;
    let offline = ready.args.machine.offline || ready.project.config.actions.offline;
    let config = &ready.project.config.registry;
    let mut own = config.embedded();
    if !config.maps(OWN) {
        own.push(OWN.to_owned());
    }
    let mut routes = config.routes(None);
    if !offline {
        // What nobody has pushed here is where it always was.
        routes.fallback.extend(own.iter().cloned());
    }
    let token = token(ready);
    let mut registry = Config::new(dirs.data.join("registry"));
    registry.access = AccessConfig { anonymous: Anonymous::Pull, ..AccessConfig::default() };
    let registries = Registries::new(routes);
    let registries = match serve_late(registry, crate::images::dir(dirs), &token) {
        Ok(address) => registries.with_own(own, &address, Credentials::basic("trunkline", token)),
        // Without it, registries are where their names say.
        Err(_) => registries,
    };
    let mut images =
        Images::new(crate::images::dir(dirs), early.launcher.clone(), dirs.cache.join("builder"), registries);
    images.offline = offline;
    Arc::new(images)
}

/// What opens the run's own registry: the token that the user gave, else one that is good for nothing else.
fn token(ready: &Ready<'_>) -> String {
    let given = super::request::with_token(ready.values.secrets.clone());
    let given = given.get("GITHUB_TOKEN").map(|token| token.to_display_string().into_owned());
    given.filter(|token| !token.is_empty()).unwrap_or_else(|| {
        let mut bytes = [0_u8; 24];
        // A token nobody can guess, or none that works.
        let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
        match filled {
            Ok(24) => hex::encode(bytes),
            _ => String::new(),
        }
    })
}

/// Listens on the loopback interface at once; the registry is opened when somebody calls, and serves until the program ends.
fn serve_late(config: Config, images: PathBuf, token: &str) -> std::io::Result<String> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?.to_string();
    let token = token.to_owned();
    let (called, call) = tokio::sync::oneshot::channel();
    // A thread of its own: it may wait for as long as the program runs, and nobody waits for it.
    std::thread::Builder::new().name("registry".to_owned()).spawn(move || {
        let mut waiting = [PollFd::new(&listener, PollFlags::IN)];
        // Somebody waits to be accepted; the registry does that.
        while poll(&mut waiting, None) == Err(rustix::io::Errno::INTR) {}
        let _ = called.send(listener);
    })?;
    tokio::spawn(async move {
        let Ok(listener) = call.await else { return };
        let listener = TcpListener::from_std(listener);
        let opened = tokio::task::spawn_blocking(move || open(config, &images, &token)).await;
        if let (Ok(listener), Ok(Ok(registry))) = (listener, opened) {
            // It ends with the run; a client that it fails hears of it.
            let _ = registry.serve(listener, None, std::future::pending()).await;
        }
    });
    Ok(address)
}

fn open(mut config: Config, images: &Path, token: &str) -> Result<Registry, registry::Error> {
    // What is in the image store need not be sent.
    config.siblings.push(blob::Store::open(images.join("blobs"))?);
    let registry = Registry::open(config)?;
    if !token.is_empty() {
        let grants = vec![Grant::repository("**", &Action::ALL), Grant::catalog()];
        registry.accept_secret(token, "trunkline", grants);
    }
    Ok(registry)
}
