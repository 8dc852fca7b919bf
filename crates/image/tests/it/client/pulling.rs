use std::sync::atomic::{AtomicUsize, Ordering};

use image::client::{Client, ClientConfig, ClientError, RefusalCode, Routes, Silent};
use image::{Digest, Index, media_type};

use super::fake::Fake;
use super::fixture::{Heard, Place, client, config, linux, manifest, noise, reference, serve};
use super::server::Reply;

#[tokio::test]
async fn an_index_brings_the_image_for_the_platform_alone() {
    let fake = Fake::start();
    let (ours, theirs) = (noise(1, 5000), noise(2, 5000));
    let mut entries = Vec::new();
    for (layer, architecture) in [(&ours, "amd64"), (&theirs, "arm64")] {
        let (manifest, config) = manifest(std::slice::from_ref(layer), architecture);
        fake.registry.put_blob("a/b", &config);
        fake.registry.put_blob("a/b", layer);
        let bytes = manifest.to_bytes();
        let digest = fake.registry.put_manifest("a/b", "none", media_type::OCI_MANIFEST, &bytes);
        let mut entry = image::Descriptor::new(media_type::OCI_MANIFEST, digest, bytes.len() as u64);
        entry.platform = Some(image::Platform::new("linux", architecture, None));
        entries.push(entry);
    }
    let index = Index::oci(entries).to_bytes();
    fake.registry.put_manifest("a/b", "1", media_type::OCI_INDEX, &index);

    let (place, name) = (Place::new(), reference(&fake.host(), "a/b:1"));
    let descriptor = client().pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    assert_eq!(descriptor.digest, Digest::of(&index));
    assert_eq!(place.store.resolve(&name).unwrap().as_ref(), Some(&descriptor));
    let image = place.store.image(&descriptor, &linux()).unwrap();
    assert_eq!(image.diff_ids, [Digest::of(&ours)]);
    assert!(!place.store.blobs().contains(&Digest::of(&theirs)));

    client().pull_all(&name, &place.store, &Silent).await.unwrap();
    assert!(place.store.blobs().contains(&Digest::of(&theirs)));

    let other = image::Platform::new("linux", "s390x", None);
    let error = client().pull(&name, &other, &place.store, &Silent).await.unwrap_err().to_string();
    assert!(error.contains("linux/s390x") && error.contains("linux/amd64, linux/arm64"), "{error}");
}

#[tokio::test]
async fn what_is_here_is_not_fetched_again() {
    let fake = Fake::start();
    serve(&fake.registry, "a", "1", &[noise(1, 100), noise(1, 100), noise(2, 100)]);
    let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));
    let client = client();
    client.pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    assert_eq!(
        fake.lines().iter().filter(|line| line.contains("/blobs/")).count(),
        3,
        "each blob once: {:?}",
        fake.lines()
    );
    let heard = Heard::default();
    client.pull(&name, &linux(), &place.store, &heard).await.unwrap();
    let outcomes: Vec<String> = heard.all().into_iter().filter(|line| line != "started").collect();
    assert_eq!(outcomes, ["Present", "Present", "Present"]);
    assert_eq!(fake.lines().iter().filter(|line| line.contains("/blobs/")).count(), 3);
}

#[tokio::test]
async fn a_connection_that_is_cut_again_and_again_is_continued() {
    let fake = Fake::hooked(|registry, request| {
        let reply = registry.answer(request);
        (request.path().contains("/blobs/") && reply.body.len() > 700_000).then(|| reply.cut(700_000))
    });
    let layer = noise(3, 5_000_000);
    serve(&fake.registry, "a", "1", std::slice::from_ref(&layer));
    let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));
    client().pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    assert_eq!(place.store.blobs().read(&Digest::of(&layer), 10_000_000).unwrap(), layer);
    let seen = fake.seen();
    let ranges: Vec<u64> = seen
        .iter()
        .filter_map(|request| request.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok())
        .collect();
    assert!(ranges.len() >= 7 && ranges.is_sorted(), "{ranges:?}");
}

#[tokio::test]
async fn a_registry_without_ranges_sends_everything_anew() {
    let count = AtomicUsize::new(0);
    let fake = Fake::hooked(move |registry, request| {
        if !request.path().contains("/blobs/") {
            return None;
        }
        let mut plain = request.clone();
        plain.headers.retain(|(name, _)| name != "range");
        let reply = registry.answer(&plain);
        Some(if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { reply.cut(150) } else { reply })
    });
    let layer = noise(4, 1000);
    serve(&fake.registry, "a", "1", std::slice::from_ref(&layer));
    let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));
    client().pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    assert_eq!(place.store.blobs().read(&Digest::of(&layer), 1000).unwrap(), layer);
}

/// Everything a registry can do wrong with content: an error that says what, and nothing is left.
#[tokio::test]
async fn wrong_content_leaves_nothing() {
    type Spoil = fn(Reply) -> Reply;
    let table: [(&str, &str, Spoil); 9] = [
        ("/blobs/", "came with the wrong content", |mut reply| {
            reply.body[7] ^= 1;
            reply
        }),
        ("/blobs/", "there are more bytes than", |mut reply| {
            reply.body.push(0);
            reply
        }),
        ("/blobs/", "its manifest says", |mut reply| {
            reply.body.pop();
            reply
        }),
        ("/manifests/", "the manifest of a:1 came with the wrong content", |mut reply| {
            reply.body.push(b' ');
            reply
        }),
        ("/manifests/", "is no digest", |reply| {
            Reply { headers: Vec::new(), ..reply }.header("Docker-Content-Digest", "x")
        }),
        ("/manifests/", "is not JSON of a manifest", |_| Reply::new(200).body("<html>")),
        ("/manifests/", "schema version 1", |_| Reply::new(200).body(r#"{"schemaVersion":1,"fsLayers":[]}"#)),
        ("/manifests/", "a manifest and an index at once", |_| {
            Reply::new(200).body(r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#)
        }),
        ("/manifests/", "more than 4194304 bytes", |_| Reply::new(200).body(vec![b' '; 5 << 20])),
    ];
    for (part, expected, spoil) in table {
        let fake = Fake::hooked(move |registry, request| {
            let reply = registry.answer(request);
            // Of the blobs only the layer: when another fails first, the half of a layer may be kept.
            let meant = request.path().contains(part) && (part == "/manifests/" || reply.body.len() > 1_000_000);
            meant.then(|| spoil(reply))
        });
        serve(&fake.registry, "a", "1", &[noise(5, 2_000_000)]);
        let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));
        let error = client().pull(&name, &linux(), &place.store, &Silent).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        let whole_config = place.rest().len();
        assert!(whole_config <= 1 && place.store.list().unwrap().is_empty(), "{expected}: {:?}", place.rest());
        assert!(!place.rest().iter().any(|name| name.starts_with('.')), "{expected}: {:?}", place.rest());
    }
}

#[tokio::test]
async fn a_name_with_a_digest_means_that_digest() {
    let fake = Fake::hooked(|registry, request| {
        let reply = registry.answer(request);
        request.path().contains("/manifests/").then(|| reply.clone().body([reply.body, b" ".to_vec()].concat()))
    });
    let digest = serve(&fake.registry, "a", "1", &[noise(6, 10)]);
    let (place, name) = (Place::new(), reference(&fake.host(), &format!("a@{digest}")));
    let error = client().pull(&name, &linux(), &place.store, &Silent).await.unwrap_err();
    assert!(matches!(error, ClientError::WrongContent { expected, .. } if expected == digest), "{error}");
    assert!(place.rest().is_empty());
}

#[tokio::test]
async fn what_was_downloaded_before_a_cancel_is_continued() {
    let layer = noise(7, 4_000_000);
    let fake = Fake::hooked(|registry, request| {
        let reply = registry.answer(request);
        let is_first = request.path().contains("/blobs/") && request.header("range").is_none();
        (is_first && reply.body.len() > 3_000_000).then(|| reply.cut(3_000_000))
    });
    serve(&fake.registry, "a", "1", std::slice::from_ref(&layer));
    let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));
    // Without retries the cut is the end of this client.
    let fragile = Client::new(ClientConfig { retries: 0, ..config() }).unwrap();
    let error = fragile.pull(&name, &linux(), &place.store, &Silent).await.unwrap_err();
    assert!(matches!(error, ClientError::Connection { .. }), "{error}");
    assert!(place.store.resolve(&name).unwrap().is_none());
    let partial: Vec<String> = place.rest().into_iter().filter(|name| name.starts_with(".uploads/")).collect();
    assert_eq!(partial.len(), 1, "{partial:?}");

    client().pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    let ranges: Vec<String> =
        fake.seen().iter().filter_map(|request| request.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, ["bytes=3000000-"]);
    assert_eq!(place.store.blobs().read(&Digest::of(&layer), 10_000_000).unwrap(), layer);
    assert!(!place.rest().iter().any(|name| name.starts_with(".uploads/")));
}

#[tokio::test]
async fn a_spoilt_beginning_is_fetched_anew() {
    let fake = Fake::start();
    let layer = noise(8, 3_000_000);
    serve(&fake.registry, "a", "1", std::slice::from_ref(&layer));
    let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));
    let digest = Digest::of(&layer);
    let mut upload = place.store.blobs().upload(&format!("pull-sha256-{}", digest.hex())).unwrap();
    upload.append(&noise(9, 2_000_000)).unwrap();
    drop(upload);
    client().pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    assert_eq!(place.store.blobs().read(&digest, 10_000_000).unwrap(), layer);
}

#[tokio::test]
async fn two_pulls_at_once_do_not_disturb_each_other() {
    let fake = Fake::start();
    serve(&fake.registry, "a", "1", &[noise(10, 3_000_000), noise(11, 10)]);
    let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));
    let platform = linux();
    let (one, two) = (client(), client());
    let both = tokio::join!(
        one.pull(&name, &platform, &place.store, &Silent),
        two.pull(&name, &platform, &place.store, &Silent)
    );
    assert_eq!(both.0.unwrap(), both.1.unwrap());
}

#[tokio::test]
async fn a_registry_that_is_busy_is_asked_again() {
    let count = AtomicUsize::new(0);
    let fake = Fake::hooked(move |_, request| {
        let busy = request.path().contains("/manifests/") && count.fetch_add(1, Ordering::Relaxed) < 3;
        busy.then(|| Reply::new(if count.load(Ordering::Relaxed) == 1 { 429 } else { 503 }).header("Retry-After", 0))
    });
    serve(&fake.registry, "a", "1", &[noise(12, 10)]);
    let (place, heard) = (Place::new(), Heard::default());
    client().pull(&reference(&fake.host(), "a:1"), &linux(), &place.store, &heard).await.unwrap();
    let again: Vec<String> = heard.all().into_iter().filter(|line| line.starts_with("again")).collect();
    assert_eq!(again, ["again: HTTP status 429", "again: HTTP status 503", "again: HTTP status 503"]);
}

#[tokio::test]
async fn a_registry_that_asks_for_an_hour_is_told_so() {
    let fake = Fake::hooked(|_, request| {
        let limit = Reply::error(429, "TOOMANYREQUESTS", "You have reached your pull rate limit");
        request.path().contains("/manifests/").then(|| limit.header("Retry-After", 3600))
    });
    let place = Place::new();
    let error = client().pull(&reference(&fake.host(), "a:1"), &linux(), &place.store, &Silent).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::TooManyRequests);
    assert_eq!(
        error.to_string().replace(&fake.host(), "HOST"),
        "HOST: cannot pull a:1: TOOMANYREQUESTS: You have reached your pull rate limit (HTTP status 429); it asks to wait \
         3600 s; after `docker login` more is allowed, or use a mirror"
    );
    assert_eq!(fake.lines(), ["GET /v2/a/manifests/1"]);
}

#[tokio::test]
async fn a_stalled_connection_is_given_up() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let fake = Fake::hooked(move |_, request| {
        if request.path().contains("/manifests/") {
            let _ = held.lock().unwrap().recv();
        }
        None
    });
    let stall = std::time::Duration::from_millis(50);
    let client = Client::new(ClientConfig { stall, retries: 0, ..config() }).unwrap();
    let error = client.manifest(&reference(&fake.host(), "a:1")).await.unwrap_err();
    drop(hold);
    assert!(matches!(error, ClientError::Stalled { .. }), "{error}");
}

#[tokio::test]
async fn redirects_are_followed_without_credentials() {
    let elsewhere = Fake::start();
    let layer = noise(13, 1000);
    serve(&elsewhere.registry, "a", "1", std::slice::from_ref(&layer));
    let target = elsewhere.host();
    let fake = Fake::hooked(move |_, request| {
        let to = format!("http://{target}{}?X-Signature=s3cret", request.path());
        match request.header("authorization") {
            None if request.path() != "/v2/" => Some(Reply::new(401).header("WWW-Authenticate", "Basic realm=x")),
            _ => request.path().contains("/blobs/").then(|| Reply::new(307).header("Location", to)),
        }
    });
    serve(&fake.registry, "a", "1", std::slice::from_ref(&layer));
    let place = Place::new();
    let keychain = image::auth::Keychain::empty().with(&fake.host(), image::auth::Credentials::basic("ann", "hunter2"));
    let client = Client::new(ClientConfig { keychain, ..config() }).unwrap();
    client.pull(&reference(&fake.host(), "a:1"), &linux(), &place.store, &Silent).await.unwrap();
    let seen = elsewhere.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|request| request.header("authorization").is_none()), "{seen:?}");
}

#[tokio::test]
async fn mirrors_come_first_and_may_fail() {
    let (broken, mirror, main) = (Fake::hooked(|_, _| Some(Reply::new(404))), Fake::start(), Fake::start());
    let layer = noise(14, 100);
    serve(&mirror.registry, "cache/library/a", "1", std::slice::from_ref(&layer));
    serve(&main.registry, "library/a", "1", std::slice::from_ref(&layer));
    let mirrors = vec![broken.host(), format!("http://{}/cache", mirror.host())];
    let routes = Routes { mirrors: [(main.host(), mirrors)].into(), ..Routes::default() };
    let client = Client::new(ClientConfig { routes, ..config() }).unwrap();
    let (place, heard) = (Place::new(), Heard::default());
    client.pull(&reference(&main.host(), "library/a:1"), &linux(), &place.store, &heard).await.unwrap();
    assert!(heard.all().iter().any(|line| line.starts_with("note: mirror not used")), "{:?}", heard.all());
    assert!(main.lines().is_empty(), "{:?}", main.lines());
    assert!(mirror.lines().iter().all(|line| line.contains("/v2/cache/library/a/")), "{:?}", mirror.lines());
    // What only the registry itself has still comes from there.
    serve(&main.registry, "library/b", "1", std::slice::from_ref(&layer));
    client.pull(&reference(&main.host(), "library/b:1"), &linux(), &place.store, &Silent).await.unwrap();
    assert!(!main.lines().is_empty());
}

#[tokio::test]
async fn a_mapped_registry_is_another_place_with_the_same_name() {
    let fake = Fake::start();
    serve(&fake.registry, "owner/app", "1", &[noise(15, 100)]);
    let routes = Routes { map: [("ghcr.io".to_owned(), fake.host())].into(), ..Routes::default() };
    let client = Client::new(ClientConfig { routes, ..config() }).unwrap();
    let (place, name) = (Place::new(), reference("ghcr.io", "owner/app:1"));
    client.pull(&name, &linux(), &place.store, &Silent).await.unwrap();
    assert!(place.store.resolve(&name).unwrap().is_some());
    let error = client.resolve(&reference("ghcr.io", "owner/none:1")).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("ghcr.io (at {}): cannot find owner/none:1", fake.host())), "{error}");
}

#[tokio::test]
async fn nobody_there() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = client().manifest(&reference(&free.to_string(), "a:1")).await.unwrap_err().to_string();
    assert!(error.contains("cannot pull a:1") && error.contains("Connection refused"), "{error}");
}
