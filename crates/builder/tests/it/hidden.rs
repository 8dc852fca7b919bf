//! What must not be found in anything that a build leaves.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use builder::{Build, DockerfileSource, Output, OutputKind, Provenance, Secret, SshAgent};

use super::world::World;

const VALUE: &str = "hunter2-very-secret";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_file_that_stays() {
    let Some(world) = World::new("secrets_are_in_no_file_that_stays") else { return };
    let text = "FROM busybox\n\
        RUN --mount=type=secret,id=token --mount=type=secret,id=token,env=TOKEN cat /run/secrets/token; echo \"$TOKEN\" >&2; test \"$TOKEN\"\n\
        RUN --mount=type=secret,id=token,target=/root/x cp /root/x /dev/shm/x && echo done > /done\n";
    let build = Build {
        dockerfile: DockerfileSource::Text { name: "Dockerfile".to_owned(), text: text.to_owned() },
        secrets: BTreeMap::from([("token".to_owned(), Secret::Value(Arc::from(VALUE.as_bytes())))]),
        provenance: Provenance::Max,
        outputs: vec![
            Output {
                kind: OutputKind::Image { push: false, names: vec![], by_digest: false, store: true },
                options: BTreeMap::new(),
            },
            Output { kind: OutputKind::Tar { dest: Some(world.path("out.tar")) }, options: BTreeMap::new() },
        ],
        offline: true,
        ..Build::default()
    };
    let told = world.build(&build).await;
    told.built();
    assert!(!told.log().contains(VALUE), "{}", told.log());
    assert!(!format!("{:?} {:?}", told.events, build).contains(VALUE));
    let mut read = 0;
    search(&world.path(""), VALUE, &mut read);
    assert!(read > 10, "{read} files were looked at");
}

/// No file below holds a text, compressed or not.
pub(crate) fn nowhere_below(dir: &Path, text: &str) {
    let mut read = 0;
    search(dir, text, &mut read);
    assert!(read > 0, "no file was looked at");
}

fn search(dir: &Path, text: &str, read: &mut usize) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            search(&entry.path(), text, read);
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let mut plain = Vec::new();
            // What is no archive gives an error and whatever came before it.
            let _ = flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain);
            for content in [&bytes, &plain] {
                let found = content.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!found, "{} holds the secret", entry.path().display());
            }
            *read += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_reached_through_its_socket() {
    let Some(world) = World::new("an_agent_is_reached_through_its_socket") else { return };
    let socket = world.path("agent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let text = "FROM busybox\n\
        RUN --mount=type=ssh,mode=0666 test -S \"$SSH_AUTH_SOCK\" && stat -c %a \"$SSH_AUTH_SOCK\" > /mode && echo \"$SSH_AUTH_SOCK\" > /path\n\
        RUN --mount=type=ssh,target=/agent test -S /agent && test \"$SSH_AUTH_SOCK\" = /agent\n\
        RUN test -z \"$SSH_AUTH_SOCK\"\n";
    let build = Build {
        dockerfile: DockerfileSource::Text { name: "Dockerfile".to_owned(), text: text.to_owned() },
        ssh: BTreeMap::from([("default".to_owned(), SshAgent::Socket(socket.clone()))]),
        offline: true,
        ..Build::default()
    };
    world.build(&build).await.built();
    drop(listener);
}
