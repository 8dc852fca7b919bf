//! OCI layouts written by hand, so that everybody is given the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::measure::{quiet, time};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A layout with one image of these layers: uncompressed archives, stored compressed if asked.
pub(super) fn write(directory: &Path, name: &str, archives: &[PathBuf], compressed: bool) -> Result<(), String> {
    let blobs = directory.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(|error| error.to_string())?;
    let (mut layers, mut diff_ids) = (Vec::new(), Vec::new());
    for archive in archives {
        diff_ids.push(format!("\"sha256:{}\"", hash(archive)?));
        let (stored, kind) = if compressed {
            time(&mut quiet("gzip", &["-6", "-n", "-k", "-f", &archive.to_string_lossy()], directory))?;
            (archive.with_extension("tar.gz"), "tar+gzip")
        } else {
            (archive.clone(), "tar")
        };
        let (digest, size) = take(&blobs, &stored)?;
        layers.push(descriptor(&format!("application/vnd.oci.image.layer.v1.{kind}"), &digest, size));
    }
    let config = format!(
        "{{\"architecture\":\"{}\",\"os\":\"linux\",\"config\":{{}},\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{}]}}}}",
        if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        diff_ids.join(",")
    );
    let (digest, size) = put(directory, &blobs, &config)?;
    let config = descriptor("application/vnd.oci.image.config.v1+json", &digest, size);
    let manifest = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{MANIFEST}\",\"config\":{config},\"layers\":[{}]}}",
        layers.join(",")
    );
    let (digest, size) = put(directory, &blobs, &manifest)?;
    let annotated = format!(
        "{},\"annotations\":{{\"org.opencontainers.image.ref.name\":\"{name}\"}}}}",
        descriptor(MANIFEST, &digest, size).trim_end_matches('}')
    );
    let index = format!("{{\"schemaVersion\":2,\"manifests\":[{annotated}]}}");
    fs::write(directory.join("index.json"), index).map_err(|error| error.to_string())?;
    fs::write(directory.join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").map_err(|error| error.to_string())
}

fn descriptor(media_type: &str, digest: &str, size: u64) -> String {
    format!("{{\"mediaType\":\"{media_type}\",\"digest\":\"sha256:{digest}\",\"size\":{size}}}")
}

fn put(directory: &Path, blobs: &Path, text: &str) -> Result<(String, u64), String> {
    let path = directory.join("new.json");
    fs::write(&path, text).map_err(|error| error.to_string())?;
    take(blobs, &path)
}

/// Moves a file to where its digest says.
fn take(blobs: &Path, path: &Path) -> Result<(String, u64), String> {
    let digest = hash(path)?;
    let target = blobs.join(&digest);
    fs::rename(path, &target).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((digest, fs::metadata(&target).map_err(|error| error.to_string())?.len()))
}

pub(super) fn hash(path: &Path) -> Result<String, String> {
    let output = Command::new("sha256sum").arg(path).output().map_err(|error| format!("sha256sum: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let digest = text.split_whitespace().next().filter(|word| word.len() == 64);
    digest.map(str::to_owned).ok_or_else(|| format!("sha256sum of {} says nothing", path.display()))
}

/// Bytes without a pattern.
pub(super) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Something that compresses as source code does: words from a few hundred.
pub(super) fn prose(seed: u64, len: usize) -> Vec<u8> {
    let words = noise(7, 2048);
    let choice = noise(seed, len / 4 + 1);
    let mut text = Vec::with_capacity(len + 16);
    for pair in choice.chunks(2) {
        let at = usize::from(pair[0]) * 7 + usize::from(pair.get(1).copied().unwrap_or(0) % 3);
        text.extend(words[at..at + 4 + usize::from(pair[0] % 6)].iter().map(|byte| b'a' + byte % 26));
        text.push(if pair[0] % 11 == 0 { b'\n' } else { b' ' });
        if text.len() >= len {
            break;
        }
    }
    text.resize(len, b'\n');
    text
}
