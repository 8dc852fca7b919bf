//! Images for real clients, as OCI layouts.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use blob::Digest;
use serde_json::json;

use crate::server::{INDEX, MANIFEST, descriptor};

/// Writes an image of one layer with one file as an OCI layout, tagged `latest`; gives the manifest's digest.
pub(crate) fn write_layout(dir: &Path) -> Digest {
    let blobs = dir.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let put = |content: &[u8]| {
        let digest = Digest::of(content);
        fs::write(blobs.join(digest.hex()), content).unwrap();
        digest
    };
    let mut tar = tar::Builder::new(Vec::new());
    let content = "hello from a layer\n".repeat(1000);
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "etc/greeting", content.as_bytes()).unwrap();
    let layer = tar.into_inner().unwrap();
    let diff_id = Digest::of(&layer);
    // Clients compress what is not: then it would be another image that arrives.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&layer).unwrap();
    let layer = gzip.finish().unwrap();
    put(&layer);
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/bin/true"] },
        "rootfs": { "type": "layers", "diff_ids": [diff_id] }, "history": [{ "created_by": "test" }],
    })
    .to_string();
    put(config.as_bytes());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", config.as_bytes()),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &layer)],
    })
    .to_string();
    let digest = put(manifest.as_bytes());
    let mut entry = descriptor(MANIFEST, manifest.as_bytes());
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "latest" });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
    fs::write(dir.join("index.json"), index.to_string()).unwrap();
    fs::write(dir.join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").unwrap();
    digest
}
