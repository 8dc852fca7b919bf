//! SLSA provenance, version 1: what was built from what.
//!
//! Times of the build are left out, so that the same build gives the same attestation.

use image::Descriptor;
use serde_json::{Map, Value, json};

use super::{Made, Subject};
use crate::request::{Context, Provenance};

pub(super) const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
const BUILD_TYPE: &str = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";

/// What is attested about one image.
pub(super) fn predicate(subject: &Subject<'_>, made: &Made) -> Value {
    let build = subject.build;
    let full = build.provenance == Provenance::Max;
    let mut args = Map::new();
    if let Some(target) = &build.target {
        args.insert("target".to_owned(), json!(target));
    }
    for (name, value) in &build.labels {
        args.insert(format!("label:{name}"), json!(value));
    }
    if full {
        // Values of arguments may be private: they are told only when all is to be told.
        for (name, value) in &build.args {
            args.insert(format!("build-arg:{name}"), json!(value));
        }
    }
    let mut request = json!({ "frontend": "dockerfile.v0", "args": args });
    if full {
        request["secrets"] = build.secrets.keys().map(|id| json!({ "id": id, "optional": true })).collect();
        request["ssh"] = build.ssh.keys().map(|id| json!({ "id": id, "optional": true })).collect();
    }
    let mut source = json!({ "path": subject.dockerfile });
    if let (Context::Git(url), Some(commit)) = (&build.context, subject.commit) {
        source["uri"] = json!(crate::inputs::shown(url));
        source["digest"] = json!({ "sha1": commit });
    }
    let mut dependencies: Vec<Value> = made
        .materials
        .iter()
        .map(|(name, digest)| {
            json!({
                "uri": format!("pkg:docker/{name}?platform={}", made.platform.to_string().replace('/', "%2F")),
                "digest": { digest.algorithm().name(): digest.hex() },
            })
        })
        .collect();
    if let (Context::Git(url), Some(commit)) = (&build.context, subject.commit) {
        dependencies.push(json!({ "uri": crate::inputs::shown(url), "digest": { "sha1": commit } }));
    }
    let mut internal = json!({ "builderPlatform": image::Platform::host().to_string() });
    if full {
        internal["buildConfig"] = json!({
            "llbDefinition": subject.steps.iter().enumerate()
                .map(|(number, step)| json!({ "id": format!("step{number}"), "op": { "instruction": step } }))
                .collect::<Vec<_>>(),
        });
    }
    let mut metadata = json!({
        "invocationId": invocation(subject),
        "buildkit_reproducible": true,
        "buildkit_completeness": { "request": full, "resolvedDependencies": true },
        "startedOn": crate::time::rfc3339(subject.epoch),
        "finishedOn": crate::time::rfc3339(subject.epoch),
    });
    if full {
        metadata["buildkit_metadata"] = json!({
            "source": { "infos": [{ "filename": subject.dockerfile, "language": "Dockerfile", "data": subject.text }] },
        });
    }
    json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": { "configSource": source, "request": request },
            "internalParameters": internal,
            "resolvedDependencies": dependencies,
        },
        "runDetails": {
            "builder": { "id": format!("https://trunkline.localhost/builder/{}", env!("CARGO_PKG_VERSION")) },
            "metadata": metadata,
        },
    })
}

/// The attestation as it stands in the layer of its manifest.
pub(super) fn statement(names: Vec<String>, image: &Descriptor, predicate: &Value) -> Value {
    let digest = json!({ image.digest.algorithm().name(): image.digest.hex() });
    let mut subjects: Vec<Value> =
        names.iter().map(|name| json!({ "name": format!("pkg:docker/{name}"), "digest": digest })).collect();
    if subjects.is_empty() {
        subjects.push(json!({ "name": "_", "digest": digest }));
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": PREDICATE_TYPE,
        "subject": subjects,
        "predicate": predicate,
    })
}

/// The same for the same Dockerfile and target.
fn invocation(subject: &Subject<'_>) -> String {
    let mut hashing = crate::keys::Hashing::of("invocation");
    hashing.text(subject.text);
    hashing.maybe(subject.build.target.as_deref());
    hashing.key().chars().take(32).collect()
}
