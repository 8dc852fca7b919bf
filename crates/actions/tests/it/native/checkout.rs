use super::job::{in_both, output};
use crate::fixture::git_in;

#[test]
fn the_work_tree_is_checked_out() {
    in_both(|job| async move {
        std::fs::write(job.own.join("tracked.txt"), "changed\n").unwrap();
        let outcome = job.good("checkout", &[]).await;
        assert_eq!(job.read("tracked.txt"), "changed\n");
        assert_eq!(output(&outcome, "commit"), Some(job.place.identity.sha.as_str()));
        assert_eq!(output(&outcome, "ref"), Some("refs/heads/main"));
        assert!(job.exists(".git/HEAD"));
        // The job's files are its own.
        job.write("tracked.txt", "job\n");
        assert_eq!(std::fs::read_to_string(job.own.join("tracked.txt")).unwrap(), "changed\n");
        // Again, in the same workspace: files of the job are gone.
        job.write("made.txt", "x");
        job.good("checkout", &[]).await;
        assert!(!job.exists("made.txt"));
        assert_eq!(job.read("tracked.txt"), "changed\n");
        assert!(job.post(outcome.post.unwrap()).await.failure.is_none());
    });
}

#[test]
fn another_ref_and_path() {
    in_both(|job| async move {
        git_in(&job.own, &["checkout", "-q", "-b", "other"]);
        std::fs::write(job.own.join("other.txt"), "other\n").unwrap();
        git_in(&job.own, &["add", "-A"]);
        git_in(&job.own, &["commit", "-q", "-m", "other"]);
        let commit = git_in(&job.own, &["rev-parse", "HEAD"]);
        git_in(&job.own, &["checkout", "-q", "main"]);
        let outcome = job.good("checkout", &[("ref", "other"), ("path", "sub/dir")]).await;
        assert_eq!(job.read("sub/dir/other.txt"), "other\n");
        assert_eq!(output(&outcome, "commit"), Some(commit.as_str()));
        assert!(!job.exists("tracked.txt"));
        let outcome = job.run("checkout", &[("path", "../out")]).await;
        assert!(outcome.failure.unwrap().contains("is not under"));
        let outcome = job.run("checkout", &[("ref", "none-such")]).await;
        assert!(outcome.failure.unwrap().contains("none-such"));
    });
}

#[test]
fn sparse_patterns_run_git_in_the_job() {
    in_both(|job| async move {
        job.good("checkout", &[("sparse-checkout", "src"), ("sparse-checkout-cone-mode", "false"), ("ssh-key", "k")])
            .await;
        assert!(job.exists("src/lib.rs"));
        assert!(!job.exists("tracked.txt"), "{}", job.said());
        assert!(job.said().contains("The input `ssh-key` has no effect"));
    });
}

#[test]
fn credentials_are_removed_in_the_end() {
    in_both(|job| async move {
        let outcome = job.good("checkout", &[("token", "s3cret")]).await;
        let config = job.read(".git/config");
        let included =
            config.lines().find_map(|line| line.trim().strip_prefix("path = ")).unwrap().trim_matches('"').to_owned();
        assert!(std::fs::metadata(job.host(&included)).unwrap().is_file());
        job.post(outcome.post.unwrap()).await;
        assert!(std::fs::metadata(job.host(&included)).is_err());
        assert!(!job.said().contains("s3cret"));
    });
}

#[test]
fn links_of_the_job_do_not_lead_to_files_of_this_machine() {
    in_both(|job| async move {
        if job.place.sandbox.isolation().mode == sandbox::Mode::Host {
            // The job may write there itself.
            return;
        }
        let outside = job.dir.path().join("outside");
        std::fs::create_dir_all(outside.join("sub/.git")).unwrap();
        std::fs::write(outside.join("sub/precious"), "kept").unwrap();
        std::fs::write(outside.join("sub/.git/index.lock"), "").unwrap();
        let config = "[remote \"origin\"]\n\turl = https://github.com/octo/repo\n";
        std::fs::write(outside.join("sub/.git/config"), config).unwrap();
        let seen = || {
            let mut names: Vec<_> = ["", "sub", "sub/.git"]
                .iter()
                .flat_map(|dir| std::fs::read_dir(outside.join(dir)).unwrap())
                .map(|entry| entry.unwrap().path())
                .collect();
            names.sort();
            let text = std::fs::read_to_string(outside.join("sub/.git/config")).unwrap();
            (names, text)
        };
        let before = seen();
        let link = |path: &std::path::Path, target: &str| {
            std::os::unix::fs::symlink(outside.join(target), job.host(path)).unwrap();
        };
        link(&job.place.workspace.join("out"), "");
        // What the job sees under that name is what is filled.
        job.good("checkout", &[("path", "out/sub")]).await;
        assert_eq!(seen(), before);
        job.run("checkout", &[("path", "out/sub"), ("clean", "false")]).await;
        assert_eq!(seen(), before);

        job.write("own/x", "");
        link(&job.place.workspace.join("own/.git"), "sub/.git");
        job.run("checkout", &[("path", "own"), ("clean", "false")]).await;
        assert_eq!(seen(), before);
        link(&job.place.workspace.join("last"), "sub");
        job.good("checkout", &[("path", "last")]).await;
        assert_eq!(seen(), before);

        let temp = job.host(&job.place.temp);
        std::fs::rename(&temp, temp.with_extension("moved")).unwrap();
        link(&job.place.temp, "");
        let outcome = job.run("checkout", &[("token", "s3cret")]).await;
        assert_eq!(seen(), before, "{:?}", outcome.failure);
    });
}

#[test]
fn a_server_that_never_answers_is_given_up_with_the_step() {
    in_both(|mut job| async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sources = git::Sources {
            offline: false,
            server_url: format!("http://{}", listener.local_addr().unwrap()),
            ..(*job.place.sources).clone()
        };
        job.place.sources = std::sync::Arc::new(sources);
        let cancel = tokio_util::sync::CancellationToken::new();
        let running = job.run_until("checkout", &[("repository", "octo/other")], &cancel);
        let cancelling = async {
            // git has asked; nothing is ever said.
            let connection = listener.accept().await.unwrap();
            cancel.cancel();
            connection
        };
        let (outcome, _connection) = tokio::join!(running, cancelling);
        assert_eq!(outcome.failure.as_deref(), Some("the step was cancelled"));
    });
}
