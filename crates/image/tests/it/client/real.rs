//! Debian's docker-registry, and skopeo on the other side of it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use image::client::{Client, ClientConfig, RefusalCode, Silent};
use image::{Digest, media_type};

use super::fixture::{Place, client, config, keep, keep_index, linux, noise, reference};

/// The line of an htpasswd file for `ann` with `hunter2`.
const HTPASSWD: &str = "ann:$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.\n";

struct Registry {
    process: Child,
    host: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
}

/// Starts docker-registry with more lines in its configuration; skips the test where it is not installed.
async fn registry(test: &str, place: &Place, more: &str) -> Option<Registry> {
    let Some(path) = program("docker-registry") else {
        testkit::skip(test, "docker-registry is not installed");
        return None;
    };
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = place.dir.path().join("docker-registry");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("htpasswd"), HTPASSWD).unwrap();
    let text = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {dir}/data\nhttp:\n  addr: {address}\n{more}",
        dir = dir.display()
    );
    std::fs::write(dir.join("config.yml"), text.replace("DIR", &dir.to_string_lossy())).unwrap();
    let process = Command::new(path)
        .arg("serve")
        .arg(dir.join("config.yml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let registry = Registry { process, host: address.to_string() };
    // It is ready when it takes a connection.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::net::TcpStream::connect(address).is_err() {
        assert!(std::time::Instant::now() < deadline, "docker-registry does not start");
        tokio::task::yield_now().await;
    }
    Some(registry)
}

fn skopeo(test: &str, words: &[&str]) -> Option<String> {
    let Some(path) = program("skopeo") else {
        testkit::skip(test, "skopeo is not installed");
        return None;
    };
    let output = Command::new(path).args(words).output().unwrap();
    assert!(output.status.success(), "skopeo {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Valid layers: archives with one file.
fn layer(seed: u64, len: usize) -> Vec<u8> {
    let content = noise(seed, len);
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, format!("file-{seed}"), content.as_slice()).unwrap();
    builder.into_inner().unwrap()
}

fn oci(directory: &Path) -> String {
    format!("oci:{}:x", directory.display())
}

#[tokio::test]
async fn docker_registry_and_skopeo() {
    let place = Place::new();
    let Some(registry) = registry("docker_registry_and_skopeo", &place, "").await else { return };
    let layers = [layer(1, 3_000_000), layer(2, 100)];
    let entries = vec![keep(&place.store, &layers, "amd64"), keep(&place.store, &layers[..1], "arm64")];
    let index = keep_index(&place.store, entries);
    let name = reference(&registry.host, "o/app:1");
    client().push(&name, &index, &place.store, &Silent).await.unwrap();
    assert_eq!(client().resolve(&name).await.unwrap().digest, index.digest);
    assert_eq!(client().tags(&name).await.unwrap(), ["1"]);

    let back = Place::new();
    client().pull(&name, &linux(), &back.store, &Silent).await.unwrap();
    assert_eq!(back.store.image(&index, &linux()).unwrap().layers.len(), 2);

    // What we pushed, read by another client, and pushed again by it as docker's schema 2.
    let copy = place.dir.path().join("copy");
    let from = format!("docker://{}/o/app:1", registry.host);
    let test = "docker_registry_and_skopeo: skopeo";
    let words = ["copy", "--quiet", "--src-tls-verify=false", "--override-arch", "amd64", &from, &oci(&copy)];
    if skopeo(test, &words).is_none() {
        return;
    }
    for layer in &layers {
        let blob = copy.join("blobs/sha256").join(Digest::of(layer).hex());
        assert!(blob.is_file() || std::fs::read_dir(copy.join("blobs/sha256")).unwrap().count() == 4);
    }
    let to = format!("docker://{}/o/again:2", registry.host);
    let words = ["copy", "--quiet", "--dest-tls-verify=false", "--format", "v2s2", &oci(&copy), &to];
    skopeo(test, &words);
    let again = reference(&registry.host, "o/again:2");
    let pulled = client().pull(&again, &linux(), &back.store, &Silent).await.unwrap();
    assert_eq!(pulled.media_type, media_type::DOCKER_MANIFEST);
    let image = back.store.image(&pulled, &linux()).unwrap();
    assert_eq!(image.diff_ids, layers.iter().map(|layer| Digest::of(layer)).collect::<Vec<_>>());
}

#[tokio::test]
async fn docker_registry_with_a_password() {
    let place = Place::new();
    let more = "auth:\n  htpasswd:\n    realm: here\n    path: DIR/htpasswd\n";
    let Some(registry) = registry("docker_registry_with_a_password", &place, more).await else { return };
    let descriptor = keep(&place.store, &[layer(3, 1000)], "amd64");
    let name = reference(&registry.host, "o/app:1");
    let error = client().push(&name, &descriptor, &place.store, &Silent).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::Unauthorized);
    let login = super::fixture::client_with(&place, "{}");
    let error = login.login(&registry.host, &image::auth::Credentials::basic("ann", "wrong")).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::Unauthorized);
    login.login(&registry.host, &image::auth::Credentials::basic("ann", "hunter2")).await.unwrap();
    login.push(&name, &descriptor, &place.store, &Silent).await.unwrap();
    let chunked =
        Client::new(ClientConfig { chunk: Some(300), keychain: login.keychain().clone(), ..config() }).unwrap();
    let other = reference(&registry.host, "o/other:1");
    let descriptor = keep(&place.store, &[layer(4, 1000)], "amd64");
    chunked.push(&other, &descriptor, &place.store, &Silent).await.unwrap();
    login.pull(&other, &linux(), &place.store, &Silent).await.unwrap();
}

#[tokio::test]
async fn docker_registry_with_a_certificate_of_its_own() {
    let place = Place::new();
    let Some(openssl) = program("openssl") else {
        testkit::skip("docker_registry_with_a_certificate_of_its_own", "openssl is not installed");
        return;
    };
    let (key, certificate) = (place.dir.path().join("key.pem"), place.dir.path().join("cert.pem"));
    let made = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=registry", "-addext", "subjectAltName=DNS:registry", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let more = format!("  tls:\n    certificate: {}\n    key: {}\n", certificate.display(), key.display());
    let test = "docker_registry_with_a_certificate_of_its_own";
    let Some(registry) = registry(test, &place, &more).await else { return };
    let descriptor = keep(&place.store, &[layer(5, 1000)], "amd64");
    // On this machine nobody has to vouch for it, and nobody has to say that there is TLS.
    let name = reference(&registry.host, "o/app:1");
    client().push(&name, &descriptor, &place.store, &Silent).await.unwrap();
    client().pull(&name, &linux(), &place.store, &Silent).await.unwrap();
}
