//! Images of containers: from the store, else from their registry.

use std::sync::atomic::{AtomicU64, Ordering};

use actions::native::Images;
use container::Base;
use image::auth::{Credentials, Keychain};
use image::client::{Event, Outcome, Progress};
use image::{Platform, Reference};

/// Gets an image ready. `say` hears what is worth a line.
///
/// # Errors
/// One sentence: why it cannot be had.
pub(crate) async fn base(
    images: &Images,
    name: &str,
    platform: Option<&str>,
    credentials: Option<&Credentials>,
    always: bool,
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<Base, String> {
    let reference = Reference::parse(name).map_err(|error| format!("the image `{name}`: {error}"))?;
    let platform = match platform {
        None => Platform::host(),
        Some(text) => text.parse().map_err(|error| format!("the platform `{text}`: {error}"))?,
    };
    let store = images.store().map_err(|error| error.to_string())?.clone();
    let known = |store: &image::Store| store.resolve(&reference).map_err(|error| error.to_string());
    let found = match known(&store)? {
        Some(found) if !always => {
            say(&format!("{} is in the image store", reference.familiar()));
            found
        }
        _ if images.offline && !images.registries.is_own(reference.domain()) => {
            return Err(format!(
                "the image {} is not in the image store, and this run is offline; `trunkline image pull {0}` or `trunkline \
                 image load` brings it in",
                reference.familiar()
            ));
        }
        _ => {
            say(&format!("Pulling {}", reference.familiar()));
            let mut keychain = Keychain::of(image::auth::Environment::of_process());
            if let Some(credentials) = credentials.or(images.own_credentials(reference.domain())) {
                keychain = keychain.with(reference.domain(), credentials.clone());
            }
            let client = images.client(keychain).map_err(|error| error.to_string())?;
            let heard = Heard { say, bytes: AtomicU64::new(0) };
            let pulled = client.pull(&reference, &platform, &store, &heard).await;
            let pulled = pulled.map_err(|error| {
                format!(
                    "the image {} could not be pulled: {error}; `trunkline image load` or `trunkline build -t {0}` also \
                     bring it into the image store",
                    reference.familiar()
                )
            })?;
            say(&format!("Pulled {} ({} MB)", reference.familiar(), heard.bytes.into_inner() >> 20));
            pulled
        }
    };
    let name = name.to_owned();
    let unpacking = tokio::task::spawn_blocking(move || {
        let image = store.image(&found, &platform).map_err(|error| error.to_string())?;
        if image.platform().os != platform.os {
            return Err(format!("the image {name} is for {}: it cannot run here", image.platform()));
        }
        Base::unpack(&store, &image, &name).map_err(|error| format!("the image {name} cannot be unpacked: {error}"))
    });
    match unpacking.await {
        Ok(base) => base,
        Err(_) => Err("unpacking the image was interrupted".to_owned()),
    }
}

struct Heard<'a> {
    say: &'a (dyn Fn(&str) + Send + Sync),
    bytes: AtomicU64,
}

impl Progress for Heard<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Finished { size, outcome: Outcome::Moved, .. } => {
                self.bytes.fetch_add(size, Ordering::Relaxed);
            }
            Event::Retrying { what, reason, after } => {
                (self.say)(&format!("{what}: {reason}; trying again in {:.1} s", after.as_secs_f64()));
            }
            Event::Note { text } => (self.say)(text),
            Event::Started { .. } | Event::Advanced { .. } | Event::Finished { .. } => {}
        }
    }
}
