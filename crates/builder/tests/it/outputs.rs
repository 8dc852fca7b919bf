//! What comes of a build.

use std::collections::BTreeMap;
use std::fs;

use builder::{Annotation, AnnotationLevel, Output, OutputKind, Provenance};
use image::{Document, Reference};

use crate::machine::World;

fn output(kind: OutputKind) -> Output {
    Output { kind, options: BTreeMap::new() }
}

#[test]
fn archives_directories_and_names() {
    let world = World::new();
    world.write("f", "f");
    let mut build = world.request("FROM scratch\nCOPY f /d/f\n");
    build.tags = ["one:1", "ghcr.io/o/two:2"].iter().map(|name| Reference::parse(name).expect("name")).collect();
    let out = world.dir.path().join("out");
    fs::create_dir(&out).expect("directory");
    build.outputs = vec![
        output(OutputKind::Local { dest: out.join("files") }),
        output(OutputKind::Tar { dest: Some(out.join("files.tar")) }),
        output(OutputKind::Oci { dest: Some(out.join("oci.tar")), tar: true }),
        output(OutputKind::Oci { dest: Some(out.join("oci")), tar: false }),
        output(OutputKind::Docker { dest: Some(out.join("docker.tar")) }),
        output(OutputKind::Image { push: false, names: vec!["three".to_owned()], by_digest: false, store: true }),
    ];
    let built = world.run(&build).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(fs::read_to_string(out.join("files/d/f")).expect("file"), "f");
    for name in ["one:1", "ghcr.io/o/two:2", "three"] {
        let found = world.ground.store.resolve(&Reference::parse(name).expect("name")).expect("store").expect("tagged");
        assert_eq!(found.digest, built.digest, "{name}");
    }
    let other = image::Store::open(world.dir.path().join("other")).expect("store");
    for name in ["oci.tar", "docker.tar"] {
        let loaded =
            image::archive::load(&other, name, fs::File::open(out.join(name)).expect("archive"), None).expect("loaded");
        assert_eq!(loaded[0].descriptor.digest, built.digest, "{name}");
    }
    let loaded = image::archive::load_dir(&other, &out.join("oci"), None).expect("loaded");
    assert_eq!(loaded[0].descriptor.digest, built.digest);
    let mut archive = tar::Archive::new(fs::File::open(out.join("files.tar")).expect("archive"));
    let names: Vec<String> = archive
        .entries()
        .expect("entries")
        .map(|entry| entry.expect("entry").path().expect("path").display().to_string())
        .collect();
    assert_eq!(names, ["d/", "d/f"]);
    assert_eq!(built.metadata["image.name"], "docker.io/library/one:1,ghcr.io/o/two:2");
    assert_eq!(built.metadata["containerimage.digest"], built.digest.to_string());
}

#[test]
fn provenance_is_attested_beside_the_image() {
    let world = World::new();
    let mut build = world.request("FROM scratch\nARG SECRETISH\nLABEL a=b\n");
    build.args.insert("SECRETISH".to_owned(), "value".to_owned());
    build.provenance = Provenance::Min;
    let annotation =
        |level, key: &str| Annotation { level, platform: None, key: key.to_owned(), value: "v".to_owned() };
    build.annotations = vec![
        annotation(AnnotationLevel::Manifest, "m"),
        annotation(AnnotationLevel::Index, "i"),
        annotation(AnnotationLevel::ManifestDescriptor, "d"),
    ];
    let built = world.run(&build).expect("built");
    let store = &world.ground.store;
    let Document::Index(index) = store.document(&built.descriptor).expect("document") else { panic!("no index") };
    assert_eq!(index.annotations["i"], "v");
    assert_eq!(index.manifests[0].annotations["d"], "v");
    let entry = &index.manifests[1];
    assert_eq!(entry.annotations["vnd.docker.reference.type"], "attestation-manifest");
    assert_eq!(entry.annotations["vnd.docker.reference.digest"], index.manifests[0].digest.to_string());
    let Document::Manifest(attestation) = store.document(entry).expect("document") else { panic!("no manifest") };
    assert_eq!(attestation.layers[0].annotations["in-toto.io/predicate-type"], "https://slsa.dev/provenance/v1");
    let text =
        String::from_utf8(store.blobs().read(&attestation.layers[0].digest, 1 << 20).expect("blob")).expect("text");
    assert!(text.contains(&index.manifests[0].digest.hex()) && !text.contains("SECRETISH"), "{text}");
    let Document::Manifest(image) = store.document(&index.manifests[0]).expect("document") else {
        panic!("no manifest")
    };
    assert_eq!(image.annotations["m"], "v");
    build.provenance = Provenance::Max;
    let built = world.run(&build).expect("built");
    assert!(serde_json::to_string(&built.metadata).expect("json").contains("build-arg:SECRETISH"));
}
