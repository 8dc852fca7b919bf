//! Builds that take from a registry and give to it: bases, results, caches.

use std::collections::BTreeMap;

use builder::{Build, CacheLocation, CacheMode, Output, OutputKind};
use image::{Platform, Reference};
use registry::{Config, Registry};

use crate::machine::{World, can_run};

/// A registry on the loopback interface, for as long as this lives.
struct Running {
    address: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Running {
    fn start(world: &World) -> Self {
        let registry = Registry::open(Config::new(world.dir.path().join("registry"))).expect("registry");
        world.runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listener");
            let address = listener.local_addr().expect("address").to_string();
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            tokio::spawn(async move { registry.serve(listener, None, async { drop(stopped.await) }).await });
            Self { address, _stop: stop }
        })
    }

    fn name(&self, text: &str) -> Reference {
        Reference::parse(&format!("{}/{text}", self.address)).expect("name")
    }
}

fn push() -> Output {
    let kind = OutputKind::Image { push: true, names: Vec::new(), by_digest: false, store: true };
    Output { kind, options: BTreeMap::new() }
}

const DOCKERFILE: &str = "FROM busybox AS build\nCOPY src /src\nRUN cat /src/a > /out; cat /proc/uptime > /stamp\n\
    FROM busybox\nCOPY --from=build /out /stamp /\nCOPY main /main\n";

fn inputs(world: &World, main: &str) -> Build {
    world.write("src/a", "a");
    world.write("main", main);
    world.request(DOCKERFILE)
}

/// A cache that one machine wrote, and what another one does with it.
fn warm(test: &str, mode: CacheMode) -> Option<(usize, usize)> {
    let (one, other) = (World::new(), World::new());
    if !can_run(test, &one) || !can_run(test, &other) {
        return None;
    }
    let registry = Running::start(&one);
    let location = CacheLocation::Registry { reference: registry.name("cache:main"), mode };
    let mut build = inputs(&one, "1");
    build.cache_to = vec![location.clone()];
    let first = one.run(&build).unwrap_or_else(|error| panic!("{error}"));
    let mut build = inputs(&other, "1");
    build.cache_from = vec![location.clone()];
    let second = other.run(&build).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(first.digest, second.digest);
    assert!(other.files(&other.open(&second)).contains_key("stamp"), "its layers are here");
    let same = other.steps().0.len();
    let mut build = inputs(&other, "2");
    build.cache_from = vec![location];
    other.run(&build).unwrap_or_else(|error| panic!("{error}"));
    Some((same, other.steps().0.len()))
}

#[test]
fn an_empty_machine_is_warm_after_one_pull() {
    if let Some(done) = warm("an_empty_machine_is_warm_after_one_pull", CacheMode::Max) {
        assert_eq!(done, (0, 1));
    }
}

#[test]
fn a_small_cache_holds_the_steps_of_the_result() {
    if let Some(done) = warm("a_small_cache_holds_the_steps_of_the_result", CacheMode::Min) {
        assert_eq!(done, (0, 1));
    }
}

#[test]
fn a_pushed_image_may_hold_its_cache() {
    let (one, other) = (World::new(), World::new());
    if !can_run("a_pushed_image_may_hold_its_cache", &one) || !can_run("a_pushed_image_may_hold_its_cache", &other) {
        return;
    }
    let registry = Running::start(&one);
    let name = registry.name("team/app:1");
    let mut build = inputs(&one, "1");
    (build.cache_to, build.outputs, build.tags) = (vec![CacheLocation::Inline], vec![push()], vec![name.clone()]);
    let built = one.run(&build).unwrap_or_else(|error| panic!("{error}"));
    let mut build = inputs(&other, "1");
    build.cache_from = vec![CacheLocation::Registry { reference: name.clone(), mode: CacheMode::Min }];
    build.cache_to = vec![CacheLocation::Inline];
    let again = other.run(&build).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(built.digest, again.digest);
    assert!(other.steps().0.is_empty(), "{:?}", other.steps());

    // What was pushed is a base for others.
    let mut build = other.request(&format!("FROM {name}\nCOPY main /again\n"));
    build.offline = false;
    let image = other.run(&build).unwrap_or_else(|error| panic!("{error}"));
    assert!(other.files(&other.open(&image)).contains_key("again"));
}

#[test]
fn several_platforms_are_pushed_under_one_name() {
    let world = World::new();
    let registry = Running::start(&world);
    let name = registry.name("many:1");
    let mut build = world.request("FROM scratch\nARG TARGETARCH\nCOPY <<EOF /arch\n$TARGETARCH\nEOF\n");
    build.platforms = ["linux/amd64", "linux/arm64"].iter().map(|text| text.parse().expect("platform")).collect();
    (build.outputs, build.tags) = (vec![push()], vec![name.clone()]);
    build.provenance = builder::Provenance::Max;
    let built = world.run(&build).unwrap_or_else(|error| panic!("{error}"));
    let store = image::Store::open(world.dir.path().join("other")).expect("store");
    let pulled = world
        .runtime
        .block_on(async { world.ground.client.pull_all(&name, &store, &image::client::Silent).await.expect("pulled") });
    assert_eq!(pulled.digest, built.digest);
    let arm: Platform = "linux/arm64".parse().expect("platform");
    assert_eq!(store.image(&pulled, &arm).expect("image").platform(), arm);
}
