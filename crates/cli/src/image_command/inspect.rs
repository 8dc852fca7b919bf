use image::{Entry, Found, Image, Reference, Store};
use serde_json::{Value, json};

use super::InspectArgs;
use crate::failure::Failure;
use crate::images;
use crate::report::screen::Screen;

pub(super) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let store = images::store()?;
    let all = args.images.iter().map(|name| {
        let found = store.find(name).map_err(images::failure)?;
        let image = images::for_platform(&store, &found, args.platform.as_deref())?;
        inspected(&store, &found, &image).map_err(images::failure)
    });
    let all = Value::Array(all.collect::<Result<Vec<_>, Failure>>()?);
    let text = if args.format.is_some() { all.to_string() } else { format!("{all:#}") };
    let mut screen = Screen::stdout();
    screen.line(&text);
    screen.flush(&[]);
    Ok(())
}

/// An image with docker's fields, and with what docker does not say: the manifest and the platforms.
fn inspected(store: &Store, found: &Found, image: &Image) -> image::Result<Value> {
    let same = |entry: &Entry| entry.descriptor.digest == found.descriptor.digest;
    let names: Vec<_> = store.list()?.into_iter().filter(same).filter_map(|entry| entry.reference).collect();
    let tags: Vec<String> = names.iter().filter(|name| name.tag().is_some()).map(Reference::familiar).collect();
    let mut digests: Vec<String> =
        names.iter().map(|name| format!("{}@{}", name.familiar_repository(), found.descriptor.digest)).collect();
    digests.dedup();
    let config = &image.config;
    let platforms: Vec<String> =
        store.images(&found.descriptor)?.iter().map(|image| image.platform().to_string()).collect();
    Ok(json!({
        "Id": image.config_digest,
        "RepoTags": tags,
        "RepoDigests": digests,
        "Created": config.created,
        "Author": config.author.as_deref().unwrap_or_default(),
        "Config": config.config,
        "Architecture": config.architecture,
        "Variant": config.variant,
        "Os": config.os,
        "OsVersion": config.os_version,
        "Size": image.size(),
        "RootFS": { "Type": "layers", "Layers": image.diff_ids },
        "Descriptor": found.descriptor,
        "Manifest": image.manifest,
        "Platforms": platforms,
        "Layers": image.layers,
        "History": config.history,
    }))
}
