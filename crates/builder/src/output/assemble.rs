//! Configurations, manifests and the index, written into the store.

use std::collections::BTreeMap;

use image::{Descriptor, Image, Index, Manifest, Platform, Store, media_type};

use super::{Assembled, Made, Subject, provenance};
use crate::cache::{INLINE, Table};
use crate::request::{Annotation, AnnotationLevel, Provenance};
use crate::{Build, Error};

pub(super) async fn assemble(subject: &Subject<'_>, made: Vec<Made>) -> Result<Assembled, Error> {
    let (mut images, mut manifests, mut attestations) = (Vec::new(), Vec::new(), Vec::new());
    let mut statement = None;
    for one in made {
        let (image, manifest) = image(subject, &one).await?;
        if subject.build.provenance != Provenance::None {
            let predicate = provenance::predicate(subject, &one);
            attestations.push(attest(subject, &manifest, &predicate).await?);
            statement.get_or_insert(predicate);
        }
        images.push(image);
        manifests.push(manifest);
    }
    if subject.build.sbom {
        let message = "no list of packages is made (--sbom): images are built without it".to_owned();
        subject.session.events.send(crate::Event::Warning { message, line: None });
    }
    let root = match manifests.as_slice() {
        [one] if attestations.is_empty() => one.clone(),
        all => {
            let mut index = Index::oci(all.iter().cloned().chain(attestations).collect());
            index.annotations = chosen(subject.build, AnnotationLevel::Index, None);
            put(subject, media_type::OCI_INDEX, index.to_bytes()).await?
        }
    };
    Ok(Assembled { root, manifests, images, provenance: statement })
}

async fn image(subject: &Subject<'_>, made: &Made) -> Result<(Image, Descriptor), Error> {
    let mut config = made.config.clone();
    (config.os, config.architecture) = (made.platform.os.clone(), made.platform.architecture.clone());
    // 32-bit ARM is always written with its variant.
    let implied = (made.platform.architecture == "arm").then(|| "v7".to_owned());
    config.variant = made.platform.variant.clone().or(implied);
    config.rootfs.diff_ids = made.layers.iter().map(|layer| layer.diff_id).collect();
    if !made.inline.is_empty() {
        let table = serde_json::to_value(Table::of(made.inline.clone())).unwrap_or_default();
        config.extra.insert(INLINE.to_owned(), table);
    }
    let layers: Vec<Descriptor> = made.layers.iter().map(|layer| oci(&layer.descriptor)).collect();
    let config_descriptor = put(subject, media_type::OCI_CONFIG, config.to_bytes()).await?;
    let mut manifest = Manifest::oci(config_descriptor.clone(), layers.clone());
    manifest.annotations = chosen(subject.build, AnnotationLevel::Manifest, Some(&made.platform));
    let mut descriptor = put(subject, media_type::OCI_MANIFEST, manifest.to_bytes()).await?;
    let diff_ids = config.rootfs.diff_ids.clone();
    let image =
        Image { manifest: descriptor.digest, config, config_digest: config_descriptor.digest, layers, diff_ids };
    let several = subject.build.platforms.len() > 1 || subject.build.provenance != Provenance::None;
    if several {
        descriptor.platform = Some(made.platform.clone());
        descriptor.annotations = chosen(subject.build, AnnotationLevel::ManifestDescriptor, Some(&made.platform));
    }
    Ok((image, descriptor))
}

/// A layer of a base image in docker's format, as OCI calls it.
fn oci(layer: &Descriptor) -> Descriptor {
    let media_type = match media_type::essence(&layer.media_type) {
        media_type::DOCKER_LAYER_GZIP => media_type::OCI_LAYER_GZIP,
        media_type::DOCKER_LAYER => media_type::OCI_LAYER,
        other => other,
    };
    let mut plain = Descriptor::new(media_type, layer.digest, layer.size);
    plain.urls.clone_from(&layer.urls);
    plain
}

fn chosen(build: &Build, level: AnnotationLevel, platform: Option<&Platform>) -> BTreeMap<String, String> {
    let fits = |annotation: &&Annotation| {
        annotation.level == level && annotation.platform.as_ref().is_none_or(|wanted| Some(wanted) == platform)
    };
    let all = build.annotations.iter().filter(fits);
    all.map(|annotation| (annotation.key.clone(), annotation.value.clone())).collect()
}

/// A manifest that says how the image was made, and the index's entry for it, in the form BuildKit gives them.
async fn attest(subject: &Subject<'_>, image: &Descriptor, predicate: &serde_json::Value) -> Result<Descriptor, Error> {
    let names = subject.build.tags.iter().map(ToString::to_string);
    let statement = provenance::statement(names.collect(), image, predicate);
    let bytes = serde_json::to_vec(&statement).unwrap_or_default();
    let mut layer = put(subject, "application/vnd.in-toto+json", bytes).await?;
    layer.annotations =
        BTreeMap::from([("in-toto.io/predicate-type".to_owned(), provenance::PREDICATE_TYPE.to_owned())]);
    let config = serde_json::json!({
        "architecture": "unknown",
        "os": "unknown",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer.digest] },
    });
    let config = put(subject, media_type::OCI_CONFIG, serde_json::to_vec(&config).unwrap_or_default()).await?;
    let manifest = Manifest::oci(config, vec![layer]);
    let mut descriptor = put(subject, media_type::OCI_MANIFEST, manifest.to_bytes()).await?;
    descriptor.annotations = BTreeMap::from([
        ("vnd.docker.reference.digest".to_owned(), image.digest.to_string()),
        ("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned()),
    ]);
    descriptor.platform = Some(Platform::new("unknown", "unknown", None));
    Ok(descriptor)
}

async fn put(subject: &Subject<'_>, media_type: &'static str, bytes: Vec<u8>) -> Result<Descriptor, Error> {
    let store: Store = subject.session.store.clone();
    crate::blocking::run(move || {
        let descriptor = Descriptor::of(media_type, &bytes);
        store.blobs().put(&bytes).map_err(|error| crate::build::store_failed(error.into()))?;
        Ok(descriptor)
    })
    .await
}
