//! What git's clients can do: versions of the protocol, shallow and partial clones, large files, and what they must not.

use store::testing::{Database, on_both};

use crate::world::{Person, Work, World, git_command};

async fn with_history(world: &World, alice: &Person) -> Work {
    world.repository(alice, "app").await;
    let work = world.work(alice, "alice/app", "work");
    for number in 0..10 {
        work.commit("a.txt", &format!("{number}\n"), &format!("commit {number}"));
    }
    work.commit("big.bin", &"x".repeat(100_000), "big");
    work.git(&["push", "-q", "origin", "main"]);
    work
}

#[tokio::test(flavor = "multi_thread")]
async fn clones_of_every_kind() {
    let database = Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    let work = with_history(&world, &alice).await;
    let remote = world.remote(&alice, "alice/app");
    let head = work.git(&["rev-parse", "HEAD"]);
    for version in ["0", "1", "2"] {
        let clone = world.directory.join(format!("v{version}"));
        let protocol = format!("protocol.version={version}");
        work.git(&["-c", &protocol, "clone", "-q", &remote, clone.to_str().unwrap()]);
        let clone = Work { dir: clone };
        assert_eq!(clone.git(&["rev-parse", "HEAD"]), head);
        clone.git(&["fsck", "--strict"]);
    }
    // The address works without `.git` as well.
    work.git(&["ls-remote", remote.strip_suffix(".git").unwrap()]);
    for version in ["0", "2"] {
        let clone = world.directory.join(format!("shallow{version}"));
        let protocol = format!("protocol.version={version}");
        work.git(&["-c", &protocol, "clone", "-q", "--depth", "2", &remote, clone.to_str().unwrap()]);
        let clone = Work { dir: clone };
        assert_eq!(clone.git(&["rev-list", "--count", "HEAD"]), "2");
        clone.git(&["-c", &protocol, "fetch", "-q", "--deepen", "3"]);
        assert_eq!(clone.git(&["rev-list", "--count", "HEAD"]), "5");
        clone.git(&["-c", &protocol, "fetch", "-q", "--unshallow"]);
        assert_eq!(clone.git(&["rev-list", "--count", "HEAD"]), "11");
    }
    let partial = world.directory.join("partial");
    work.git(&["clone", "-q", "--filter=blob:none", "--no-checkout", &remote, partial.to_str().unwrap()]);
    let partial = Work { dir: partial };
    let missing = partial.git(&["rev-list", "--objects", "--all", "--missing=print"]);
    assert!(missing.lines().any(|line| line.starts_with('?')), "blobs stayed behind");
    partial.git(&["checkout", "-q", "main"]);
    assert!(partial.dir.join("big.bin").is_file(), "they come when they are needed");
    // Any object by its id, as jobs fetch.
    let fetched = world.directory.join("one");
    std::fs::create_dir(&fetched).unwrap();
    let one = Work { dir: fetched };
    one.git(&["init", "-q"]);
    let third = work.git(&["rev-parse", "HEAD~3"]);
    one.git(&["fetch", "-q", "--depth=1", &remote, &third]);
    assert_eq!(one.git(&["rev-parse", "FETCH_HEAD"]), third);
    // A shallow clone pushes.
    let shallow = Work { dir: world.directory.join("shallow2-push") };
    work.git(&["clone", "-q", "--depth", "1", &remote, shallow.dir.to_str().unwrap()]);
    shallow.git(&["config", "user.name", "alice"]);
    shallow.git(&["config", "user.email", "alice@example.com"]);
    shallow.commit("b.txt", "new\n", "from a shallow clone");
    shallow.git(&["push", "-q", "origin", "main"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_pushes_come_in_chunks_and_packed() {
    let database = Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    world.repository(&alice, "app").await;
    let work = world.work(&alice, "alice/app", "work");
    let mut noise = vec![0_u8; 20 << 20];
    let mut state = 1_u64;
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 33) as u8;
    }
    std::fs::write(work.dir.join("noise"), &noise).unwrap();
    work.commit("a", "1", "noise");
    // A small buffer makes git ask first and send in chunks.
    work.git(&["-c", "http.postBuffer=1000", "push", "-q", "origin", "main"]);
    let clone = world.directory.join("clone");
    work.git(&["clone", "-q", &world.remote(&alice, "alice/app"), clone.to_str().unwrap()]);
    assert_eq!(std::fs::read(clone.join("noise")).unwrap(), noise);
    // Many refs make a long question, which git packs with gzip.
    for number in 0..200 {
        work.commit("b", &number.to_string(), "more");
    }
    work.git(&["push", "-q", "origin", "main"]);
    let clone = Work { dir: clone };
    for number in 0..300 {
        clone.git(&["update-ref", &format!("refs/heads/x{number}"), "HEAD"]);
    }
    clone.git(&["-c", "protocol.version=0", "fetch", "-q", "origin"]);
    clone.git(&["fsck"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_is_too_large_is_refused_and_leaves_nothing() {
    let database = Database::sqlite();
    let world = World::with(&database, |settings| settings.limits.push_bytes = 100_000).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let work = world.work(&alice, "alice/app", "work");
    let noise: String = (0..100_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    work.commit("noise", &noise, "large");
    let said = work.refused(&["push", "origin", "main"]);
    assert!(said.contains("413"), "{said}");
    assert_eq!(world.event_names(&repository).await, ["repository:created"]);
    assert!(world.forge.git(repository.id).refs(&["refs/"]).await.unwrap().is_empty());
    assert!(store::pushes::pending(&mut world.store.read()).await.unwrap().is_empty(), "it is settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_are_refused_with_a_reason() {
    let database = Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let work = world.work(&alice, "alice/app", "work");
    let head = work.commit("a", "1", "one");
    work.git(&["push", "-q", "origin", "main"]);
    let zero = "0".repeat(40);
    let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
    let command = |name: &str| format!("{}0000", line(&format!("{zero} {head} {name}\0report-status")));
    let client = reqwest::Client::new();
    let post = async |path: &str, body: Vec<u8>, encoding: Option<&str>| {
        let mut request = client.post(format!("{}{path}", world.url)).basic_auth("x", Some(&alice.token)).body(body);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let push = "/alice/app.git/git-receive-pack";
    /// What it is, body, encoding, status, words of the answer.
    type Case = (&'static str, Vec<u8>, Option<&'static str>, u16, &'static str);
    let table: &[Case] = &[
        ("no length", b"zzzz".to_vec(), None, 422, "four hex digits"),
        ("a length of three", b"0003".to_vec(), None, 422, "four hex digits"),
        ("cut off", b"00ff0000".to_vec(), None, 422, "ends in the middle"),
        ("no command", line("hello\0report-status").into_bytes(), None, 422, "OLD NEW NAME"),
        ("no gzip", b"hello".to_vec(), Some("gzip"), 422, "gzip"),
        ("another packing", b"hello".to_vec(), Some("br"), 422, "br is not understood"),
        ("path in a name", command("refs/heads/../../config").into_bytes(), None, 200, "no name for a ref"),
        ("outside of refs", command("HEAD").into_bytes(), None, 200, "no name for a ref"),
        ("a pull request's", command("refs/pull/1/merge").into_bytes(), None, 200, "made by the server"),
        ("a lock", command("refs/heads/a.lock").into_bytes(), None, 200, "no name for a ref"),
    ];
    for (what, body, encoding, status, words) in table {
        let (found, text) = post(push, body.clone(), *encoding).await;
        assert_eq!(found, *status, "{what}: {text}");
        assert!(text.contains(words), "{what}: {text}");
    }
    // A gzip bomb grows to the limit only.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..200 {
        std::io::Write::write_all(&mut bomb, &vec![0_u8; 1 << 20]).unwrap();
    }
    let (status, text) = post("/alice/app.git/git-upload-pack", bomb.finish().unwrap(), Some("gzip")).await;
    assert!(matches!(status, 413 | 200), "{status} {text}");
    let many: String = (0..20_001).map(|n| line(&format!("{zero} {head} refs/heads/{n}"))).collect();
    let (status, text) = post(push, format!("{many}0000").into_bytes(), None).await;
    assert_eq!((status, text.contains("20000 refs")), (413, true), "{text}");
    for path in ["/alice/app.git/info/refs", "/alice/app.git/info/refs?service=git-upload-archive"] {
        let response =
            client.get(format!("{}{path}", world.url)).basic_auth("x", Some(&alice.token)).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 422, "{path}");
    }
    for path in ["/alice/..%2f..%2fetc/info/refs", "/%2e%2e/app.git/info/refs", "/alice/app.git%00/info/refs"] {
        let url = format!("{}{path}?service=git-upload-pack", world.url);
        let response = client.get(url).basic_auth("x", Some(&alice.token)).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404, "{path}");
    }
    // A pack that is none, and one whose objects are missing.
    let (status, text) = post(push, format!("{}PACKnonsense", command("refs/heads/x")).into_bytes(), None).await;
    assert_eq!(status, 200);
    assert!(text.contains("unpack") && !text.contains("unpack ok"), "{text}");
    assert_eq!(world.forge.git(repository.id).refs(&["refs/"]).await.unwrap().len(), 1, "nothing of it was taken in");
    assert!(store::pushes::pending(&mut world.store.read()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_takes_git_with_it() {
    use tokio::io::AsyncWriteExt as _;
    let database = Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let address = world.url.strip_prefix("http://").unwrap().to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let token = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("x:{}", alice.token));
    let line = format!("{} {} refs/heads/x\0report-status", "0".repeat(40), "1".repeat(40));
    let body = format!("{:04x}{line}0000PACK", line.len() + 4);
    let head = format!(
        "POST /alice/app.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\nContent-Length: 100000\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The intent is written down once git has begun.
    while store::pushes::pending(&mut world.store.read()).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(stream);
    while !store::pushes::pending(&mut world.store.read()).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(world.forge.git(repository.id).refs(&["refs/"]).await.unwrap().is_empty());
    assert_eq!(world.event_names(&repository).await, ["repository:created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_by_git_lfs() {
    if std::process::Command::new("git-lfs").arg("version").output().is_err() {
        testkit::skip("large_files_by_git_lfs", "there is no git-lfs");
        return;
    }
    on_both("large_files_by_git_lfs", async |database| {
        let world = World::new(database).await;
        let (alice, bob) = (world.person("alice").await, world.person("bob").await);
        let repository = world.repository(&alice, "app").await;
        world.give(&repository, &bob, "write").await;
        let work = world.work(&alice, "alice/app", "work");
        work.git(&["lfs", "install", "--local"]);
        work.git(&["lfs", "track", "*.bin"]);
        let content = "large ".repeat(100_000);
        work.commit("a.bin", &content, "large");
        work.git(&["push", "-q", "origin", "main"]);
        let pointer = work.git(&["cat-file", "blob", "HEAD:a.bin"]);
        assert!(pointer.starts_with("version https://git-lfs"), "{pointer}");
        let clone = Work { dir: world.directory.join("clone") };
        let remote = world.remote(&bob, "alice/app");
        let status = git_command(&world.directory)
            .args(["-c", "filter.lfs.smudge=git-lfs smudge -- %f", "-c", "filter.lfs.process=git-lfs filter-process"])
            .args(["-c", "filter.lfs.required=true", "clone", "-q", &remote, "clone"])
            .status()
            .unwrap();
        assert!(status.success());
        assert_eq!(std::fs::read_to_string(clone.dir.join("a.bin")).unwrap(), content);
        // Locks.
        work.git(&["lfs", "lock", "a.bin"]);
        clone.git(&["lfs", "install", "--local"]);
        assert!(clone.git(&["lfs", "locks"]).contains("alice"));
        let said = clone.refused(&["lfs", "unlock", "a.bin"]);
        assert!(said.contains("somebody else"), "{said}");
        work.git(&["lfs", "unlock", "a.bin"]);
        assert_eq!(clone.git(&["lfs", "locks"]), "");
    })
    .await;
}
