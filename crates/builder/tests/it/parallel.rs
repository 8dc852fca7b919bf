//! Stages beside each other, shared caches, and builds of many steps.

use std::time::Duration;

use builder::{Build, DockerfileSource};

use super::world::World;

fn text(text: &str) -> Build {
    let dockerfile = DockerfileSource::Text { name: "Dockerfile".to_owned(), text: text.to_owned() };
    Build { dockerfile, offline: true, jobs: Some(2), ..Build::default() }
}

/// Far more than any of this takes; a test that waits so long has failed.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn stages_run_at_the_same_time() {
    let Some(world) = World::new("stages_run_at_the_same_time") else { return };
    // Each waits for the other through a cache that both have.
    let build = text(
        "FROM busybox AS one\nRUN --mount=type=cache,target=/c,id=meet touch /c/one; while ! test -e /c/two; do sleep 0.02; done; echo 1 > /1\n\
         FROM busybox AS two\nRUN --mount=type=cache,target=/c,id=meet touch /c/two; while ! test -e /c/one; do sleep 0.02; done; echo 2 > /2\n\
         FROM scratch\nCOPY --from=one /1 /\nCOPY --from=two /2 /\n",
    );
    let told = tokio::time::timeout(LONG, world.build(&build)).await.expect("neither waits for ever");
    told.built();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_cache_is_given_to_one_at_a_time() {
    let Some(world) = World::new("a_locked_cache_is_given_to_one_at_a_time") else { return };
    let stage = |name: &str| {
        format!(
            "FROM busybox AS {name}\nRUN --mount=type=cache,target=/c,id=alone,sharing=locked mkdir /c/taken && sleep 0.2 && rmdir /c/taken && echo {name} > /{name}\n"
        )
    };
    let build = text(&format!("{}{}FROM scratch\nCOPY --from=a /a /\nCOPY --from=b /b /\n", stage("a"), stage("b")));
    let told = tokio::time::timeout(LONG, world.build(&build)).await.expect("nobody waits for ever");
    told.built();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_cache_is_nobody_else_s() {
    let Some(world) = World::new("a_private_cache_is_nobody_else_s") else { return };
    // While one holds it, the other gets an empty one; they meet through a shared one.
    let stage = |name: &str, other: &str| {
        format!(
            "FROM busybox AS {name}\nRUN --mount=type=cache,target=/p,id=private,sharing=private --mount=type=cache,target=/c,id=meeting \
             touch /p/{name} /c/{name}; while ! test -e /c/{other}; do sleep 0.02; done; ls /p > /{name}\n"
        )
    };
    let build = text(&format!(
        "{}{}FROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /\nRUN test \"$(cat /a)\" = a && test \"$(cat /b)\" = b\n",
        stage("a", "b"),
        stage("b", "a")
    ));
    let told = tokio::time::timeout(LONG, world.build(&build)).await.expect("nobody waits for ever");
    told.built();
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_steps_are_no_deeper_than_one() {
    let Some(world) = World::new("hundreds_of_steps_are_no_deeper_than_one") else { return };
    let stages: String = (1..400).map(|index| format!("FROM s{} AS s{index}\nWORKDIR /w\n", index - 1)).collect();
    let build = text(&format!("FROM scratch AS s0\n{stages}FROM s399\nCOPY <<EOF /f\nx\nEOF\n"));
    world.build(&build).await.built();
    let chained: String = (0..100).map(|index| format!("ENV A{index}=1\nCOPY <<EOF /f\n{index}\nEOF\n")).collect();
    world.build(&text(&format!("FROM scratch\n{chained}"))).await.built();
}
