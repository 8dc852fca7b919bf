//! Images and registries of a run.

use std::sync::Arc;

use actions::native::{Images, Registries};
use image::auth::Credentials;
use registry::{AccessConfig, Action, Anonymous, Config, Grant, Registry};

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
    if let Ok(blobs) = blob::Store::open(crate::images::dir(dirs).join("blobs")) {
        registry.siblings.push(blobs);
    }
    let started = {
        let token = token.clone();
        Box::new(move || {
            let (registry, token) = (registry.clone(), token.clone());
            Box::pin(async move { start(registry, &token).await }) as _
        })
    };
    let registries = Registries::new(routes).with_own(own, Credentials::basic("trunkline", token), started);
    let mut images = Images::new(
        crate::images::dir(dirs),
        early.launcher.clone(),
        dirs.cache.join("builder"),
        registries,
    );
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

/// Serves the registry on the loopback interface until the program ends.
async fn start(config: Config, token: &str) -> Result<String, String> {
    let registry = Registry::open(config).map_err(|error| error.to_string())?;
    if !token.is_empty() {
        let grants = vec![Grant::repository("**", &Action::ALL), Grant::catalog()];
        registry.accept_secret(token, "trunkline", grants);
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?.to_string();
    tokio::spawn(async move {
        // It ends with the run; a client that it fails hears of it.
        let _ = registry.serve(listener, None, std::future::pending()).await;
    });
    Ok(address)
}
