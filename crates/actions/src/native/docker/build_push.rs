//! `docker/build-push-action`, carried out by Trunkline's builder.

mod asked;
mod shown;

use std::sync::{Arc, Mutex};

use builder::{Built, Events, Ground};
use image::auth::Keychain;

use self::asked::asked;
use self::shown::Shown;
use super::group;
use super::login::{docker_config, keychain_in};
use crate::native::error::{Fault, Result};
use crate::native::{NativeCall, NativeOutcome};

pub(crate) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let images = &call.place.images;
    let build = asked(call).await?;
    let keychain: Keychain = keychain_in(call, &docker_config(call))?;
    let client = images.client(keychain)?;
    let ground = Ground {
        store: images.store()?.clone(),
        launcher: Arc::clone(&images.launcher),
        client,
        dir: images.builder_dir.clone(),
    };
    let shown = Arc::new(Mutex::new(Shown::new(Arc::clone(call))));
    let events = {
        let shown = Arc::clone(&shown);
        Events::new(move |event| shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner).event(event))
    };
    // Dropping the build ends its processes.
    let built = tokio::select! {
        built = crate::native::build(build, ground, events) => built,
        () = call.cancel.cancelled() => return Err(Fault::Cancelled),
    };
    shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner).end();
    let built = built.map_err(|error| Fault::Text(format!("buildx failed with: ERROR: {error}")))?;
    tell(call, outcome, &built);
    Ok(())
}

fn tell(call: &NativeCall, outcome: &mut NativeOutcome, built: &Built) {
    let image_id = built.image_id.to_string();
    let digest = built.digest.to_string();
    let metadata = serde_json::to_string_pretty(&built.metadata).unwrap_or_default();
    group(call, "ImageID", [&image_id]);
    group(call, "Digest", [&digest]);
    group(call, "Metadata", metadata.lines());
    for (name, value) in [("imageid", image_id), ("digest", digest), ("metadata", metadata)] {
        outcome.outputs.insert(name.to_owned(), value);
    }
}
