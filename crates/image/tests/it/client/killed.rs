//! Pulls that are killed at many moments: no image is half there, and the next pull goes on with what is.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use image::client::{Silent, partial_name};
use image::{Digest, Document, Store};

use super::fake::Fake;
use super::fixture::{Place, client, linux, noise, reference, serve};

/// Every answer with more of a blob breaks off here, so that there are many requests in the middle of blobs.
const PIECE: usize = 300_000;

/// Started by the test below, to be killed.
#[tokio::test]
async fn pulling_child() {
    let (Some(root), Ok(host)) = (std::env::var_os("IMAGE_TEST_ROOT"), std::env::var("IMAGE_TEST_REGISTRY")) else {
        return;
    };
    let store = Store::open(Path::new(&root)).unwrap();
    client().pull(&reference(&host, "a:1"), &linux(), &store, &Silent).await.unwrap();
}

/// A child, and the request at which it is killed.
#[derive(Default)]
struct Victim {
    child: Mutex<Option<Child>>,
    asked: AtomicUsize,
    last: AtomicUsize,
}

impl Victim {
    fn request(&self) {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        if number == self.last.load(Ordering::Relaxed)
            && let Some(child) = &mut *self.child.lock().unwrap()
        {
            child.kill().unwrap();
        }
    }

    /// Starts a pull, and waits for its end: at a request, or after some time, or when it is done.
    fn pull(&self, store: &Store, host: &str, at: usize, after: Duration) {
        self.asked.store(0, Ordering::Relaxed);
        self.last.store(at, Ordering::Relaxed);
        let mut slot = self.child.lock().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "client::killed::pulling_child"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("IMAGE_TEST_ROOT", store.root()).env("IMAGE_TEST_REGISTRY", host);
        *slot = Some(command.spawn().unwrap());
        drop(slot);
        let started = Instant::now();
        loop {
            let mut slot = self.child.lock().unwrap();
            let child = slot.as_mut().unwrap();
            if child.try_wait().unwrap().is_some() {
                break;
            }
            if started.elapsed() >= after {
                child.kill().unwrap();
                child.wait().unwrap();
                break;
            }
            drop(slot);
            std::thread::yield_now();
        }
        self.child.lock().unwrap().take();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_pull_leaves_nothing_half_and_is_continued() {
    let victim = Arc::new(Victim { last: AtomicUsize::new(usize::MAX), ..Victim::default() });
    let fake = {
        let victim = Arc::clone(&victim);
        Fake::hooked(move |registry, request| {
            if request.target != "/v2/" {
                victim.request();
            }
            let reply = registry.answer(request);
            (reply.body.len() > PIECE).then(|| reply.cut(PIECE))
        })
    };
    let layers = [noise(21, 1_500_000), noise(22, 1_000_000)];
    let digest = serve(&fake.registry, "a", "1", &layers);
    let (host, name) = (fake.host(), reference(&fake.host(), "a:1"));

    let whole = Place::new();
    let started = Instant::now();
    victim.pull(&whole.store, &host, usize::MAX, Duration::from_secs(60));
    let (requests, time) = (victim.asked.load(Ordering::Relaxed), started.elapsed());
    assert!(whole.store.resolve(&name).unwrap().is_some() && requests > 8, "{requests} requests");

    // At each request, and at moments that have nothing to do with requests, most of them near the end.
    let at_requests = (0..requests).map(|number| (number, Duration::from_secs(60)));
    let at_times = (8..20).map(|part| (usize::MAX, time * part / 16));
    let mut continued = 0;
    for (at, after) in at_requests.chain(at_times) {
        let place = Place::new();
        victim.pull(&place.store, &host, at, after);
        let store = Store::open(place.store.root()).unwrap();
        if let Some(found) = store.resolve(&name).unwrap() {
            assert_eq!(found.digest, digest);
        }
        if store.blobs().contains(&digest) {
            assert_whole(&store, &digest, &layers);
        }
        let begun = layers.each_ref().map(|layer| begun(&store, &Digest::of(layer)));
        let before = fake.seen().len();
        victim.last.store(usize::MAX, Ordering::Relaxed);
        let pulled = client().pull(&name, &linux(), &store, &Silent).await.unwrap();
        assert_eq!((pulled.digest, store.resolve(&name).unwrap().unwrap().digest), (digest, digest));
        assert_whole(&store, &digest, &layers);
        let seen = fake.seen();
        for (layer, begun) in layers.iter().zip(begun).filter(|(_, begun)| *begun > 0) {
            let path = format!("/v2/a/blobs/{}", Digest::of(layer));
            let first = seen[before..].iter().find(|request| request.path() == path);
            let range = first.map(|request| request.header("range").unwrap_or_default().to_owned());
            assert!(range.is_none_or(|range| range == format!("bytes={begun}-")), "{begun} bytes were there");
            continued += 1;
        }
        let left = std::fs::read_dir(store.blobs().dir().join(".uploads")).unwrap().count();
        assert_eq!(left, 0, "nothing is left of downloads that are done");
    }
    assert!(continued > 0, "no kill came in the middle of a layer");
}

/// How much of a blob is there without being one.
fn begun(store: &Store, digest: &Digest) -> u64 {
    let path = store.blobs().dir().join(".uploads").join(partial_name(digest));
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// A manifest that is in the store has everything it names.
fn assert_whole(store: &Store, digest: &Digest, layers: &[Vec<u8>]) {
    let bytes = store.blobs().read(digest, 1 << 20).unwrap();
    let Document::Manifest(manifest) = Document::parse(digest, "", &bytes).unwrap() else { panic!("no manifest") };
    let config = store.blobs().read(&manifest.config.digest, 1 << 20).unwrap();
    assert_eq!(Digest::of(&config), manifest.config.digest);
    for layer in layers {
        assert!(store.blobs().read(&Digest::of(layer), 1 << 22).unwrap() == *layer);
    }
}
