//! Base images: from the store, else from their registry.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use image::{Descriptor, Digest, Image, Platform, Reference};

use crate::Error;
use crate::event::Event;
use crate::session::Session;

/// Finds each image once a build.
pub(crate) struct Images {
    session: Arc<Session>,
    /// Ask the registry even if the store has the image.
    pull: bool,
    offline: bool,
    found: tokio::sync::Mutex<BTreeMap<(Reference, Platform), Image>>,
    materials: Mutex<BTreeMap<String, Digest>>,
}

impl Images {
    pub(crate) fn new(session: Arc<Session>, pull: bool, offline: bool) -> Self {
        Self { session, pull, offline, found: tokio::sync::Mutex::default(), materials: Mutex::default() }
    }

    /// Names and digests of all images that were used.
    pub(crate) fn materials(&self) -> Vec<(String, Digest)> {
        let materials = self.materials.lock().unwrap_or_else(PoisonError::into_inner);
        materials.iter().map(|(name, digest)| (name.clone(), *digest)).collect()
    }

    pub(crate) async fn resolve(&self, reference: &Reference, platform: &Platform) -> Result<Image, Error> {
        let key = (reference.clone(), platform.clone());
        let mut found = self.found.lock().await;
        if let Some(image) = found.get(&key) {
            return Ok(image.clone());
        }
        let image = self.find(reference, platform).await?;
        let name = reference.familiar();
        self.materials.lock().unwrap_or_else(PoisonError::into_inner).insert(name, image.manifest);
        found.insert(key, image.clone());
        Ok(image)
    }

    async fn find(&self, reference: &Reference, platform: &Platform) -> Result<Image, Error> {
        let known = self.in_store(reference, platform).await?;
        let fits = known.as_ref().is_some_and(|image| platform.fit(&image.platform()).is_some());
        if self.offline {
            return known.ok_or_else(|| failed(reference, "it is not in the store, and the build is offline"));
        }
        match known {
            Some(image) if fits && !self.pull => return Ok(image),
            _ => {}
        }
        match self.pull(reference, platform).await {
            Ok(descriptor) => self.image(descriptor, reference, platform).await,
            // What is here was made for another platform, and nobody else has it: the caller is told which.
            Err(error) => match known {
                Some(image) if !self.pull => {
                    let message = format!("{} is for {}, not for {platform}", reference.familiar(), image.platform());
                    self.session.events.send(Event::Warning { message, line: None });
                    Ok(image)
                }
                _ => Err(error),
            },
        }
    }

    async fn in_store(&self, reference: &Reference, platform: &Platform) -> Result<Option<Image>, Error> {
        let (store, wanted, platform) = (self.session.store.clone(), reference.clone(), platform.clone());
        let shown = reference.familiar();
        crate::blocking::run(move || {
            let found = store.resolve(&wanted).map_err(|error| failed_name(&shown, error))?;
            let Some(descriptor) = found else { return Ok(None) };
            let Ok(image) = store.image(&descriptor, &platform) else { return Ok(None) };
            let whole = image.layers.iter().all(|layer| store.blobs().contains(&layer.digest));
            Ok(whole.then_some(image))
        })
        .await
    }

    async fn image(&self, descriptor: Descriptor, reference: &Reference, platform: &Platform) -> Result<Image, Error> {
        let (store, platform, shown) = (self.session.store.clone(), platform.clone(), reference.familiar());
        crate::blocking::run(move || store.image(&descriptor, &platform).map_err(|error| failed_name(&shown, error)))
            .await
    }

    async fn pull(&self, reference: &Reference, platform: &Platform) -> Result<Descriptor, Error> {
        let session = &self.session;
        let step = session.plan(&format!("[internal] pull {}", reference.familiar()), "", None);
        let told = crate::transfer::Told { events: session.events.clone(), step };
        let pull = async {
            let pulled = session.client.pull(reference, platform, &session.store, &told).await;
            pulled.map_err(|error| failed(reference, error))
        };
        session.telling(step, pull).await
    }

    /// An image of a directory in OCI layout, brought into the store.
    pub(crate) async fn of_layout(
        &self,
        path: &Path,
        selector: Option<&str>,
        platform: &Platform,
    ) -> Result<Image, Error> {
        let shown = path.display().to_string();
        let (store, path, platform) = (self.session.store.clone(), path.to_owned(), platform.clone());
        let selector = selector.map(str::to_owned);
        crate::blocking::run(move || {
            let descriptor = crate::layout::import(&path, selector.as_deref(), &store)?;
            store.image(&descriptor, &platform).map_err(|error| failed_name(&shown, error))
        })
        .await
    }
}

fn failed(reference: &Reference, why: impl std::fmt::Display) -> Error {
    failed_name(&reference.familiar(), why)
}

fn failed_name(reference: &str, why: impl std::fmt::Display) -> Error {
    let (reference, why) = (reference.to_owned(), why.to_string());
    // Errors of the client begin with the name themselves.
    let why = why.strip_prefix(&format!("{reference}: ")).unwrap_or(&why).to_owned();
    Error::Image { reference, why }
}
