//! What is not done again.

use builder::{CacheLocation, CacheMode};

use crate::machine::{World, can_run};

const DOCKERFILE: &str = "FROM busybox AS build\nARG V=1\nCOPY src /src\nRUN cat /src/a > /out; cat /proc/uptime > /stamp\n\
    FROM busybox\nCOPY --from=build /out /out\nCOPY --from=build /stamp /stamp\nCOPY main /main\n";

#[test]
fn nothing_changed_nothing_is_done() {
    let world = World::new();
    if !can_run("nothing_changed_nothing_is_done", &world) {
        return;
    }
    world.write("src/a", "a");
    world.write("main", "1");
    let first = world.run(&world.request(DOCKERFILE)).expect("built");
    let second = world.run(&world.request(DOCKERFILE)).expect("built");
    let (done, cached) = world.steps();
    assert_eq!(first.digest, second.digest);
    assert!(done.is_empty(), "{done:?}");
    assert_eq!(cached.len(), 5, "{cached:?}");

    world.write("main", "2");
    let third = world.run(&world.request(DOCKERFILE)).expect("built");
    let (done, _) = world.steps();
    assert_eq!(done.len(), 1, "{done:?}");
    assert_ne!(first.digest, third.digest);
    assert_eq!(world.files(&world.open(&first))["stamp"], world.files(&world.open(&third))["stamp"]);
}

#[test]
fn results_are_found_by_content() {
    let world = World::new();
    if !can_run("results_are_found_by_content", &world) {
        return;
    }
    world.write("src/a", "a");
    world.write("main", "1");
    world.run(&world.request(DOCKERFILE)).expect("built");
    // Another way to the same files: what stands on them is known.
    let other = DOCKERFILE.replace("COPY src /src\n", "COPY src/a /src/a\n");
    world.run(&world.request(&other)).expect("built");
    let (done, _) = world.steps();
    assert!(done.iter().all(|name| !name.contains("RUN")), "{done:?}");
}

#[test]
fn arguments_in_scope_count_and_others_do_not() {
    let world = World::new();
    if !can_run("arguments_in_scope_count_and_others_do_not", &world) {
        return;
    }
    let ran = |dockerfile: &str, value: &str| {
        let mut build = world.request(dockerfile);
        build.args.insert("V".to_owned(), value.to_owned());
        world.run(&build).expect("built");
        world.steps().0.len()
    };
    let before = "FROM busybox\nRUN echo x > /x\nARG V\n";
    assert_eq!((ran(before, "1"), ran(before, "2")), (1, 0));
    let after = "FROM busybox\nARG V\nRUN echo y > /y\n";
    assert_eq!((ran(after, "1"), ran(after, "2"), ran(after, "1")), (1, 1, 0));
    let mut build = world.request(after);
    build.args.insert("V".to_owned(), "1".to_owned());
    build.args.insert("http_proxy".to_owned(), "http://proxy".to_owned());
    world.run(&build).expect("built");
    assert!(world.steps().0.is_empty(), "a proxy changes nothing");
}

#[test]
fn stages_can_be_built_anew() {
    let world = World::new();
    if !can_run("stages_can_be_built_anew", &world) {
        return;
    }
    let dockerfile = "FROM busybox AS a\nRUN echo a > /a\nFROM busybox AS b\nRUN echo b > /b\nFROM scratch\nCOPY --from=a /a /\nCOPY --from=b /b /\n";
    world.run(&world.request(dockerfile)).expect("built");
    let mut build = world.request(dockerfile);
    build.no_cache = builder::NoCache::Stages(vec!["b".to_owned()]);
    // The last stage is known by what it copies; the stage itself is only looked at when it is the target.
    build.target = Some("b".to_owned());
    world.run(&build).expect("built");
    assert_eq!(world.steps().0, ["[b 1/1] RUN echo b > /b"]);
    build.no_cache = builder::NoCache::All;
    build.target = None;
    world.run(&build).expect("built");
    assert_eq!(world.steps().0.len(), 4);
}

#[test]
fn a_cache_in_a_directory_makes_another_machine_warm() {
    let world = World::new();
    if !can_run("a_cache_in_a_directory_makes_another_machine_warm", &world) {
        return;
    }
    let path = world.dir.path().join("cache");
    world.write("src/a", "a");
    world.write("main", "1");
    let mut build = world.request(DOCKERFILE);
    build.cache_to = vec![CacheLocation::Local { path: path.clone(), mode: CacheMode::Max }];
    let first = world.run(&build).expect("built");

    let empty = World::new();
    empty.write("src/a", "a");
    empty.write("main", "1");
    let mut build = empty.request(DOCKERFILE);
    build.cache_from = vec![CacheLocation::Local { path: path.clone(), mode: CacheMode::Min }];
    let second = empty.run(&build).expect("built");
    assert_eq!(first.digest, second.digest);
    assert!(empty.steps().0.is_empty(), "{:?}", empty.steps());
    assert!(empty.files(&empty.open(&second)).contains_key("stamp"));

    // And with a change in the last step only that one is done.
    empty.write("main", "2");
    let mut build = empty.request(DOCKERFILE);
    build.cache_from = vec![CacheLocation::Local { path, mode: CacheMode::Min }];
    empty.run(&build).expect("built");
    assert_eq!(empty.steps().0.len(), 1);
}

#[test]
fn a_cache_that_is_not_there_is_told() {
    let world = World::new();
    let mut build = world.request("FROM scratch\n");
    build.cache_from = vec![CacheLocation::Local { path: "/no/such".into(), mode: CacheMode::Min }];
    world.run(&build).expect("built");
    let events = world.events.lock().expect("events");
    assert!(events.iter().any(|event| matches!(event, builder::Event::Warning { message, .. } if message.starts_with("the cache /no/such is not used"))));
}
