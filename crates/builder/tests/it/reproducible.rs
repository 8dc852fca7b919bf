//! The same inputs give the same digest, wherever and whenever.

use std::fs;

use crate::machine::{World, can_run};

const DOCKERFILE: &str = "FROM busybox AS one\nRUN mkdir /d && for i in 3 1 2; do echo $i > /d/$i; done && ln /d/1 /d/hard\n\
    FROM busybox\nWORKDIR /app\nCOPY . .\nCOPY --from=one /d /d\nRUN echo x > /tmp/x && rm -r /home\nENTRYPOINT [\"sh\"]\n";

#[test]
fn two_machines_give_one_digest() {
    let digest = |order: &[&str], pause: bool| {
        let world = World::new();
        if !can_run("two_machines_give_one_digest", &world) {
            return None;
        }
        for name in order {
            world.write(name, name);
        }
        if pause {
            // Other times for the same files.
            for name in order {
                let file = fs::File::options().write(true).open(world.context().join(name)).expect("file");
                file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).expect("time");
            }
        }
        let mut build = world.request(DOCKERFILE);
        build.tags = vec![image::Reference::parse("x").expect("name")];
        let built = world.run(&build).unwrap_or_else(|error| panic!("{error}"));
        build.no_cache = builder::NoCache::All;
        let again = world.run(&build).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(built.digest, again.digest, "on one machine");
        Some(built.digest)
    };
    let (one, other) = (digest(&["a", "b", "c/d"], false), digest(&["c/d", "b", "a"], true));
    assert_eq!(one, other);
}

#[test]
fn times_are_those_asked_for() {
    let world = World::new();
    world.write("f", "f");
    let mut build = world.request("FROM scratch\nCOPY f /f\n");
    let built = world.run(&build).expect("built");
    let image = world.open(&built);
    assert_eq!(image.config.created.as_deref(), Some("1980-01-01T00:00:00Z"));
    build.args.insert("SOURCE_DATE_EPOCH".to_owned(), "1000000000".to_owned());
    let later = world.run(&build).expect("built");
    let image = world.open(&later);
    assert_eq!(image.config.created.as_deref(), Some("2001-09-09T01:46:40Z"));
    assert_ne!(built.digest, later.digest);
    let mut bytes = Vec::new();
    image::archive::export(&world.ground.store, &image, &mut bytes).expect("export");
    let mut archive = tar::Archive::new(&bytes[..]);
    let times: Vec<u64> = archive
        .entries()
        .expect("entries")
        .map(|entry| entry.expect("entry").header().mtime().expect("time"))
        .collect();
    assert_eq!(times, [1_000_000_000]);
}
