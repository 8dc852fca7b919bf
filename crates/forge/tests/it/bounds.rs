//! What one client may take of the server.

use std::time::Duration;

use forge::git::{GitError, TreeChange};
use store::testing::Database;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::World;

/// A tree of few objects and very many files: each level names the one below it ten times.
async fn tree_bomb(repo: &forge::git::Repo) -> String {
    let mut below = ("100644", repo.write_blob(b"boom\n".to_vec()).await.unwrap());
    for _ in 0..5 {
        let changes: Vec<TreeChange> = (0..10)
            .map(|number| TreeChange {
                path: format!("{number}{}", "-".repeat(200)),
                entry: Some((below.0.to_owned(), below.1.clone())),
            })
            .collect();
        below = match below.0 {
            "100644" => ("040000", repo.change_tree(None, &changes).await.unwrap()),
            // An index holds no trees but by reading them in, so the upper levels are written as they are.
            _ => ("040000", write_tree(repo, &changes)),
        };
    }
    below.1
}

fn write_tree(repo: &forge::git::Repo, entries: &[TreeChange]) -> String {
    use std::io::Write as _;
    let mut command = crate::world::git_command(repo.dir());
    command.arg("mktree").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for entry in entries {
        let (_, oid) = entry.entry.as_ref().unwrap();
        writeln!(stdin, "040000 tree {oid}\t{}", entry.path).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_very_many_files_costs_little() {
    let database = Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let work = world.work(&alice, "alice/app", "work");
    work.commit("a.txt", "a\n", "first");
    work.git(&["push", "-q", "origin", "main"]);
    let local = forge::git::Repo::at(work.dir.join(".git"));
    let tree = tree_bomb(&local).await;
    let commit = work.git(&["commit-tree", &tree, "-p", "HEAD", "-m", "boom"]);
    work.git(&["push", "-q", "origin", &format!("{commit}:refs/heads/main")]);
    // The push is told, without the names of its files.
    let event = world.events(&repository).await.pop().unwrap();
    assert_eq!((event.name.as_str(), event.sha.as_str()), ("push", commit.as_str()));
    assert_eq!(event.payload["commits"][0]["id"], commit.as_str());
    assert_eq!(event.payload["commits"][0]["added"].as_array().map(Vec::len), Some(0));
    let repo = world.forge.git(repository.id);
    let (entries, more) = repo.list_all(&tree, true, 1000).await.unwrap();
    assert!(entries.len() == 1000 && more, "{} {more}", entries.len());
    let (entries, more) = repo.list_all(&tree, true, 1_000_000).await.unwrap();
    assert!(entries.len() < 20_000 && more, "{} {more}", entries.len());
    let all = repo.changes(None, &commit).await;
    assert!(matches!(all, Err(GitError::TooMuch { .. })), "{:?}", all.map(|files| files.len()));
    let compared = repo.diff_files(forge::git::EMPTY_TREE, &commit).await;
    assert!(matches!(compared, Err(GitError::TooMuch { .. })), "{:?}", compared.map(|files| files.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_patch_leaves_names_and_numbers() {
    let database = Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let repo = world.forge.git(repository.id);
    let oid = repo.write_blob("0123456789abcde\n".repeat(3 << 20).into_bytes()).await.unwrap();
    let change = |path: &str| TreeChange { path: path.to_owned(), entry: Some(("100644".to_owned(), oid.clone())) };
    let tree = repo.change_tree(None, &[change("a"), change("b")]).await.unwrap();
    let files = repo.diff_files(forge::git::EMPTY_TREE, &tree).await.unwrap();
    let seen: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.additions, file.patch.is_some())).collect();
    assert_eq!(seen, [("a", 3 << 20, false), ("b", 3 << 20, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_paths() {
    let database = Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let work = world.work(&alice, "alice/app", "work");
    work.commit("a.txt", "a\n", "first");
    work.commit(":(exclude)a.txt", "b\n", "an odd name");
    work.git(&["push", "-q", "origin", "main"]);
    let repo = world.forge.git(repository.id);
    let file = async |path: &str| repo.file("main", path, 100).await.unwrap();
    assert_eq!(file(":(exclude)a.txt").await.as_deref(), Some(b"b\n".as_slice()));
    for path in ["../../etc/passwd", "a.txt/../a.txt", ":!a.txt", "*.txt", ".git/config"] {
        assert_eq!(file(path).await, None, "{path}");
    }
    assert!(matches!(repo.list("main", "../..").await, Err(GitError::NotFound(_))));
    for (path, expected) in [("a.txt", 1), (":(exclude)a.txt", 1), ("*.txt", 0), ("../a.txt", 0), ("", 2), ("/", 2)] {
        let page = forge::git::HistoryPage { count: 10, ..forge::git::HistoryPage::default() };
        assert_eq!(repo.history("main", Some(path), &page).await.unwrap().len(), expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_repository_takes_nothing_more_in() {
    let database = Database::sqlite();
    let world = World::with(&database, |settings| settings.limits.repository_bytes = Some(100_000)).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let work = world.work(&alice, "alice/app", "work");
    // What does not shrink.
    let noise: String = (0..20_000_u64).map(|n| format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    work.commit("noise", &noise, "much");
    work.git(&["push", "-q", "origin", "main", "main:refs/heads/side"]);
    work.commit("a.txt", "a\n", "more");
    let refused = work.refused(&["push", "origin", "main"]);
    assert!(refused.contains("and may have 100000 on this server"), "{refused}");
    let error = world.forge.check_room(&repository).await.unwrap_err();
    assert_eq!(error.status(), 413);
    work.git(&["push", "-q", "origin", ":side"]);
}

/// The head of a fetch, with the first bytes of its question.
async fn ask_slowly(world: &World, token: &str) -> TcpStream {
    use base64::Engine as _;
    let mut stream = TcpStream::connect(world.url.strip_prefix("http://").unwrap()).await.unwrap();
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("x-access-token:{token}"));
    let head = format!(
        "POST /alice/app.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-git-upload-pack-request\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0032\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_slowly_keeps_nobody_waiting() {
    let database = Database::sqlite();
    let world = World::with(&database, |settings| {
        settings.limits.at_once = 4;
        settings.limits.queue = Duration::from_secs(2);
        settings.limits.request = Duration::from_secs(6);
    })
    .await;
    let (alice, slow) = (world.person("alice").await, world.person("slow").await);
    let repository = world.repository(&alice, "app").await;
    world.give(&repository, &slow, "read").await;
    let work = world.work(&alice, "alice/app", "work");
    let mut readers = Vec::new();
    for _ in 0..12 {
        readers.push(ask_slowly(&world, &slow.token).await);
    }
    work.commit("a.txt", "a\n", "first");
    work.git(&["push", "-q", "origin", "main"]);
    work.git(&["fetch", "-q", "origin"]);
    // And they themselves are not waited for without end.
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(120), readers[0].read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 502") && answer.contains("took too long"), "{answer}");
}
