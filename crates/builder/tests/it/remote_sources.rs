//! `ADD` of what is on the web and in repositories.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use builder::{Build, DockerfileSource, Output, OutputKind};

use super::world::{Told, World};

/// A server of the files of a directory, and how many it has given.
struct Server {
    address: String,
    given: Arc<AtomicUsize>,
}

fn serve(root: PathBuf) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    // It ends with the process of the tests.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, root, count) = (stream.unwrap(), root.clone(), Arc::clone(&count));
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut request = String::new();
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                    if request.is_empty() {
                        request.clone_from(&line);
                    }
                    line.clear();
                }
                let path = request.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/").to_owned();
                let answer = match std::fs::read(root.join(path.trim_start_matches('/'))) {
                    Ok(bytes) => {
                        count.fetch_add(1, Ordering::SeqCst);
                        let head =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
                        [head.into_bytes(), bytes].concat()
                    }
                    Err(_) => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
                };
                let _ = stream.write_all(&answer);
            });
        }
    });
    Server { address, given }
}

/// Builds on `scratch` and leaves the files in a directory.
async fn add(world: &World, lines: &str, out: &str) -> (Told, PathBuf) {
    let dest = world.path(out);
    let output = Output { kind: OutputKind::Local { dest: dest.clone() }, options: BTreeMap::new() };
    let build = Build {
        dockerfile: DockerfileSource::Text { name: "Dockerfile".to_owned(), text: format!("FROM scratch\n{lines}\n") },
        outputs: vec![output],
        ..Build::default()
    };
    (world.build(&build).await, dest)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_web() {
    let Some(world) = World::new("files_of_the_web") else { return };
    let root = world.path("served");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("f.txt"), "web\n").unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_dir_all("in", &root).unwrap();
    std::fs::write(root.join("a.tar"), archive.into_inner().unwrap()).unwrap();
    let Server { address, given } = serve(root.clone());
    let digest = image::Digest::of(b"web\n");
    let lines = format!(
        "ADD {address}/f.txt /dir/\nADD --chmod=644 {address}/f.txt?x=y /file\nADD --checksum={digest} {address}/f.txt /checked\n\
         ADD {address}/a.tar /kept/\nADD --unpack {address}/a.tar /unpacked/\nARG URL={address}/f.txt\nADD $URL /by/variable/"
    );
    let (told, out) = add(&world, &lines, "out").await;
    told.built();
    for file in ["dir/f.txt", "file", "checked", "unpacked/in/f.txt", "by/variable/f.txt"] {
        assert_eq!(text(&out.join(file)), "web\n", "{file}");
    }
    assert!(out.join("kept/a.tar").is_file());
    // What changed is fetched and found out; what did not, costs no layer.
    let before = given.load(Ordering::SeqCst);
    std::fs::write(root.join("f.txt"), "new\n").unwrap();
    let (told, out) = add(&world, &format!("ADD {address}/f.txt /dir/"), "again").await;
    told.built();
    assert_eq!(text(&out.join("dir/f.txt")), "new\n");
    assert!(given.load(Ordering::SeqCst) > before);
    // Lies and absences.
    let (told, _) = add(&world, &format!("ADD --checksum={digest} {address}/f.txt /checked"), "lie").await;
    let error = told.outcome.expect_err("another content").to_string().replace(&address, "<server>");
    assert!(error.contains(&digest.to_string()) && error.contains("Dockerfile:2"), "{error}");
    let (told, _) = add(&world, &format!("ADD {address}/nothing /x"), "absent").await;
    let error = told.outcome.expect_err("nothing is there").to_string();
    assert!(error.contains("404") && error.contains("Dockerfile:2"), "{error}");
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(dir).args([
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "-c",
        "init.defaultBranch=main",
    ]);
    let finished = command.args(arguments).output().unwrap();
    assert!(finished.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&finished.stderr));
    String::from_utf8(finished.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn repositories() {
    let Some(world) = World::new("repositories") else { return };
    let work = world.path("work");
    std::fs::create_dir_all(work.join("sub")).unwrap();
    git(&work, &["init", "-q"]);
    std::fs::write(work.join("f"), "first\n").unwrap();
    std::fs::write(work.join("sub/g"), "sub\n").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "-qm", "first"]);
    git(&work, &["tag", "v1"]);
    let first = git(&work, &["rev-parse", "HEAD"]);
    std::fs::write(work.join("f"), "second\n").unwrap();
    git(&work, &["commit", "-qam", "second"]);
    let served = world.path("served");
    std::fs::create_dir_all(&served).unwrap();
    git(&served, &["clone", "-q", "--bare", &work.to_string_lossy(), "repo.git"]);
    git(&served.join("repo.git"), &["update-server-info"]);
    let Server { address, .. } = serve(served);
    let repository = format!("{address}/repo.git");
    let lines = format!(
        "ADD {repository} /head\nADD {repository}#v1 /tag\nADD {repository}#main:sub /sub\nADD --keep-git-dir=true {repository} /kept\n\
         ADD --checksum={first} {repository}#v1 /checked\nADD --exclude=sub {repository} /without"
    );
    let (told, out) = add(&world, &lines, "out").await;
    told.built();
    for (file, expected) in [
        ("head/f", "second\n"),
        ("tag/f", "first\n"),
        ("sub/g", "sub\n"),
        ("kept/f", "second\n"),
        ("checked/f", "first\n"),
    ] {
        assert_eq!(text(&out.join(file)), expected, "{file}");
    }
    assert!(out.join("kept/.git").exists() && !out.join("head/.git").exists());
    assert!(out.join("without/f").exists() && !out.join("without/sub").exists());
    let (told, _) = add(&world, &format!("ADD --checksum={first} {repository}#main /x"), "lie").await;
    let error = told.outcome.expect_err("another commit").to_string();
    assert!(error.contains(&first) && error.contains("Dockerfile:2"), "{error}");
    let (told, _) = add(&world, &format!("ADD {repository}#nowhere /x"), "absent").await;
    let error = told.outcome.expect_err("no such branch").to_string();
    assert!(error.contains("nowhere") && error.contains("Dockerfile:2"), "{error}");
}
