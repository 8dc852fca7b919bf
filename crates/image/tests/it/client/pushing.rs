use std::sync::atomic::{AtomicUsize, Ordering};

use image::client::{Client, ClientConfig, ClientError, Silent};
use image::{Digest, Platform, media_type};

use super::fake::Fake;
use super::fixture::{Heard, Place, client, config, keep, keep_index, linux, noise, reference};
use super::server::Reply;

#[tokio::test]
async fn blobs_first_then_the_name_and_nothing_twice() {
    let fake = Fake::start();
    let (place, name) = (Place::new(), reference(&fake.host(), "o/a:1"));
    let layer = noise(1, 600_000);
    let descriptor = keep(&place.store, &[layer.clone(), layer.clone()], "amd64");
    let heard = Heard::default();
    client().push(&name, &descriptor, &place.store, &heard).await.unwrap();
    assert_eq!(heard.all().iter().filter(|line| *line == "Moved").count(), 2, "one layer and the configuration");
    assert_eq!(fake.lines().last().unwrap(), "PUT /v2/o/a/manifests/1");
    let stored = fake.registry.manifests.lock().unwrap()[&("o/a".to_owned(), "1".to_owned())].clone();
    assert_eq!((stored.0.as_str(), Digest::of(&stored.1)), (media_type::OCI_MANIFEST, descriptor.digest));
    assert_eq!(fake.registry.blobs.lock().unwrap()[&("o/a".to_owned(), Digest::of(&layer).to_string())], layer);

    let heard = Heard::default();
    client().push(&name, &descriptor, &place.store, &heard).await.unwrap();
    assert_eq!(heard.all(), ["started", "started", "Present", "Present"]);

    let back = Place::new();
    assert_eq!(client().pull(&name, &linux(), &back.store, &Silent).await.unwrap().digest, descriptor.digest);
}

#[tokio::test]
async fn blobs_of_a_neighbour_are_mounted() {
    let fake = Fake::start();
    let place = Place::new();
    let descriptor = keep(&place.store, &[noise(2, 1000)], "amd64");
    let (one, two) = (reference(&fake.host(), "o/one:1"), reference(&fake.host(), "o/two:1"));
    client().push(&one, &descriptor, &place.store, &Silent).await.unwrap();
    // The store knows from its names that the neighbour may have the blobs.
    place.store.tag(&one, &descriptor).unwrap();
    let heard = Heard::default();
    client().push(&two, &descriptor, &place.store, &heard).await.unwrap();
    assert_eq!(heard.all().iter().filter(|line| *line == "Mounted").count(), 2, "{:?}", heard.all());
    assert!(!fake.lines().iter().any(|line| line.starts_with("PUT /v2/o/two/blobs")));
}

#[tokio::test]
async fn a_registry_that_does_not_mount_gets_the_bytes() {
    let fake = Fake::hooked(|_, request| request.query("mount").map(|_| Reply::error(403, "DENIED", "no")));
    let place = Place::new();
    let descriptor = keep(&place.store, &[noise(3, 1000)], "amd64");
    place.store.tag(&reference(&fake.host(), "o/one:1"), &descriptor).unwrap();
    client().push(&reference(&fake.host(), "o/two:1"), &descriptor, &place.store, &Silent).await.unwrap();
    assert_eq!(fake.registry.blobs.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_upload_that_is_cut_goes_on_where_it_broke() {
    let cuts = AtomicUsize::new(0);
    let fake = Fake::impatient(
        |_, _| None,
        move |head| {
            let large = head.header("content-length").is_some_and(|length| length.parse::<u64>().unwrap() > 100_000);
            (large && cuts.fetch_add(1, Ordering::Relaxed) < 3).then_some(700_000)
        },
    );
    let place = Place::new();
    let layer = noise(4, 3_000_000);
    let descriptor = keep(&place.store, std::slice::from_ref(&layer), "amd64");
    let heard = Heard::default();
    client().push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &heard).await.unwrap();
    assert_eq!(fake.registry.blobs.lock().unwrap()[&("a".to_owned(), Digest::of(&layer).to_string())], layer);
    let mut from: Vec<u64> = fake
        .seen()
        .iter()
        .filter_map(|request| request.header("content-range")?.split('-').next()?.parse().ok())
        .collect();
    from.dedup();
    assert_eq!(from, [700_000, 1_400_000, 2_100_000], "{:?}", fake.lines());
}

/// A registry that keeps nothing of a request that breaks off, over connections that break after 6 MB.
#[tokio::test]
async fn what_does_not_pass_in_one_piece_passes_in_smaller_ones() {
    const LASTS: usize = 6_000_000;
    let fake = Fake::impatient(
        |_, request| request.is_torn.then(|| Reply::new(500)),
        |head| {
            let length = head.header("content-length").map_or(0, |length| length.parse().unwrap());
            (length > LASTS).then_some(LASTS)
        },
    );
    let place = Place::new();
    let layer = noise(5, 25_000_000);
    let descriptor = keep(&place.store, std::slice::from_ref(&layer), "amd64");
    client().push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &Heard::default()).await.unwrap();
    let stored = &fake.registry.blobs.lock().unwrap()[&("a".to_owned(), Digest::of(&layer).to_string())];
    assert!(*stored == layer, "{:?}", fake.lines());
}

#[tokio::test]
async fn an_upload_the_registry_forgot_begins_anew() {
    let count = AtomicUsize::new(0);
    let fake = Fake::hooked(move |registry, request| {
        let is_first = request.method == "PUT"
            && request.path().contains("/uploads/")
            && count.fetch_add(1, Ordering::Relaxed) < 2;
        is_first.then(|| {
            registry.uploads.lock().unwrap().clear();
            Reply::new(500)
        })
    });
    let place = Place::new();
    let descriptor = keep(&place.store, &[noise(5, 1000)], "amd64");
    client().push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &Silent).await.unwrap();
    assert_eq!(fake.registry.blobs.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn pieces_when_they_are_wanted() {
    let fake = Fake::start();
    let place = Place::new();
    let layer = noise(6, 1_000_001);
    let descriptor = keep(&place.store, std::slice::from_ref(&layer), "amd64");
    let client = Client::new(ClientConfig { chunk: Some(400_000), ..config() }).unwrap();
    client.push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &Silent).await.unwrap();
    let ranges: Vec<String> =
        fake.seen().iter().filter_map(|request| request.header("content-range").map(str::to_owned)).collect();
    assert_eq!(ranges, ["0-399999", "400000-799999", "800000-1000000"]);
    assert_eq!(fake.registry.blobs.lock().unwrap()[&("a".to_owned(), Digest::of(&layer).to_string())], layer);
}

#[tokio::test]
async fn a_registry_that_takes_no_large_bodies_gets_pieces() {
    const LIMIT: usize = 33 << 20;
    let fake = Fake::hooked(|_, request| (request.body.len() > LIMIT).then(|| Reply::new(413)));
    let place = Place::new();
    let layer = noise(7, LIMIT + 5);
    let descriptor = keep(&place.store, std::slice::from_ref(&layer), "amd64");
    client().push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &Silent).await.unwrap();
    assert_eq!(fake.registry.blobs.lock().unwrap()[&("a".to_owned(), Digest::of(&layer).to_string())], layer);
}

#[tokio::test]
async fn content_that_changed_on_its_way_is_refused() {
    let fake = Fake::hooked(|registry, request| {
        let mut request = request.clone();
        let is_blob = request.method == "PUT" && request.path().contains("/uploads/");
        is_blob.then(|| {
            request.body[0] ^= 1;
            registry.answer(&request)
        })
    });
    let place = Place::new();
    let descriptor = keep(&place.store, &[noise(8, 1000)], "amd64");
    let error = client().push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &Silent).await.unwrap_err();
    assert!(error.to_string().contains("DIGEST_INVALID: provided digest did not match uploaded content"), "{error}");
    assert!(fake.registry.manifests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_registry_that_stores_another_manifest_is_told() {
    let fake = Fake::hooked(|_, request| {
        let is_manifest = request.method == "PUT" && request.path().contains("/manifests/");
        is_manifest.then(|| Reply::new(201).header("Docker-Content-Digest", Digest::of(b"other")))
    });
    let place = Place::new();
    let descriptor = keep(&place.store, &[noise(9, 10)], "amd64");
    let error = client().push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &Silent).await.unwrap_err();
    assert!(matches!(error, ClientError::WrongContent { expected, .. } if expected == descriptor.digest), "{error}");
}

#[tokio::test]
async fn an_index_goes_whole_or_as_the_one_image_that_is_here() {
    let fake = Fake::start();
    let full = Place::new();
    let entries = vec![keep(&full.store, &[noise(10, 10)], "amd64"), keep(&full.store, &[noise(11, 10)], "arm64")];
    let index = keep_index(&full.store, entries);
    let name = reference(&fake.host(), "a:1");
    let pushed = client().push(&name, &index, &full.store, &Silent).await.unwrap();
    assert_eq!(pushed.digest, index.digest);
    let puts: Vec<String> = fake.lines().into_iter().filter(|line| line.starts_with("PUT /v2/a/manifests/")).collect();
    assert_eq!(puts.len(), 3);
    assert_eq!(puts[2], "PUT /v2/a/manifests/1", "the index last");

    // A place with the image of one platform.
    let part = Place::new();
    client().pull(&name, &Platform::new("linux", "arm64", None), &part.store, &Silent).await.unwrap();
    let other = Fake::start();
    let heard = Heard::default();
    let pushed = client().push(&reference(&other.host(), "a:1"), &index, &part.store, &heard).await.unwrap();
    assert_ne!(pushed.digest, index.digest);
    assert!(heard.all().iter().any(|line| line.contains("only linux/arm64 is pushed")), "{:?}", heard.all());
    // Where the rest is already, the index can be named anew.
    let pushed = client().push(&reference(&fake.host(), "a:2"), &index, &part.store, &Silent).await.unwrap();
    assert_eq!(pushed.digest, index.digest);
}

#[tokio::test]
async fn an_image_that_is_not_whole_is_not_sent() {
    let fake = Fake::start();
    let place = Place::new();
    let layer = noise(12, 10);
    let descriptor = keep(&place.store, std::slice::from_ref(&layer), "amd64");
    place.store.blobs().delete(&Digest::of(&layer)).unwrap();
    let error = client().push(&reference(&fake.host(), "a:1"), &descriptor, &place.store, &Silent).await.unwrap_err();
    assert!(error.to_string().contains("is not in the store"), "{error}");
    assert!(fake.lines().is_empty());
}

#[tokio::test]
async fn tags_come_page_by_page() {
    let fake = Fake::hooked(|_, request| {
        if request.path() != "/v2/o/a/tags/list" {
            return None;
        }
        Some(match request.query("last").as_deref() {
            None => Reply::new(200)
                .header("Link", "</v2/o/a/tags/list?last=b&n=2>; rel=\"next\"")
                .body(r#"{"name":"o/a","tags":["a","b"]}"#),
            Some(_) => Reply::new(200).body(r#"{"name":"o/a","tags":["c"]}"#),
        })
    });
    assert_eq!(client().tags(&reference(&fake.host(), "o/a")).await.unwrap(), ["a", "b", "c"]);
    let error = client().tags(&reference(&fake.host(), "o/none")).await.unwrap_err().to_string();
    assert!(error.contains("cannot list the tags of o/none"), "{error}");
}

/// Callers spawn these.
#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let place = Place::new();
    let (client, name, platform) = (client(), reference("x.example", "a:1"), linux());
    let descriptor = keep(&place.store, &[], "amd64");
    is_send(&client.pull(&name, &platform, &place.store, &Silent));
    is_send(&client.push(&name, &descriptor, &place.store, &Silent));
    is_send(&client.login("x.example", &image::auth::Credentials::basic("a", "b")));
}
