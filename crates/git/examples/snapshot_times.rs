//! Times of facts, snapshots and checkout on a repository: `snapshot_times DIR`.

use std::path::Path;
use std::time::Instant;

use git::{GitDirRequest, Repository, SnapshotStore, Source, checkout_git_dir, copy_tree};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let base = std::env::temp_dir().join(format!("snapshot-times-{}", std::process::id()));
    std::fs::create_dir_all(&base)?;
    let time = |what: &str, since: Instant| {
        let taken = since.elapsed().as_secs_f64() * 1000.0;
        println!("{what:<42} {taken:8.2} ms");
    };
    for round in 0..3 {
        let root = base.join(format!("{round}"));
        let start = Instant::now();
        let repository = Repository::discover(Path::new(&dir))?;
        let facts = repository.facts()?;
        time("facts", start);
        let start = Instant::now();
        let copied = root.join("cp");
        std::fs::create_dir_all(&root)?;
        std::process::Command::new("cp")
            .args(["-r".as_ref(), repository.top_level().as_os_str(), copied.as_os_str()])
            .status()?;
        time("cp -r (with .git)", start);
        drop(std::fs::remove_dir_all(copied.join(".git")));
        let start = Instant::now();
        std::process::Command::new("cp")
            .args(["-r".as_ref(), copied.as_os_str(), root.join("cp2").as_os_str()])
            .status()?;
        time("cp -r (files only)", start);
        let store = SnapshotStore::open(&root.join("store"))?;
        let start = Instant::now();
        repository.status()?;
        time("status", start);
        let start = Instant::now();
        let snapshot = store.snapshot(&repository, Source::WorkTree)?;
        time(if snapshot.uncommitted { "first snapshot (dirty)" } else { "first snapshot (clean)" }, start);
        let start = Instant::now();
        store.snapshot(&repository, Source::WorkTree)?;
        time("second snapshot", start);
        let other = Repository::discover(Path::new(&dir))?;
        let start = Instant::now();
        store.snapshot(&other, Source::WorkTree)?;
        time("snapshot of another process", start);
        let work = root.join("work");
        let start = Instant::now();
        copy_tree(&snapshot.path, &work)?;
        time("copy to a host workspace", start);
        for depth in [1, 0] {
            let start = Instant::now();
            let request = GitDirRequest {
                repository: &repository,
                snapshot: &snapshot,
                commit: facts.head.sha.as_deref(),
                reference: Some("refs/heads/main"),
                remote_url: "https://github.com/octo/tool",
                fetch_depth: depth,
                fetch_tags: false,
            };
            drop(std::fs::remove_dir_all(work.join(".git")));
            checkout_git_dir(&request, &work.join(".git"))?;
            time(&format!(".git, depth {depth}"), start);
        }
        let start = Instant::now();
        let out = std::process::Command::new("git").args(["status", "--porcelain"]).current_dir(&work).output()?;
        time(&format!("git status there ({} bytes)", out.stdout.len()), start);
        println!();
    }
    std::fs::remove_dir_all(&base)?;
    Ok(())
}
