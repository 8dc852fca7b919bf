use super::job::{in_both, output};

#[test]
fn up_and_down() {
    in_both(|job| async move {
        job.good("checkout", &[]).await;
        job.write("dist/a.txt", "a");
        job.write("dist/sub/b.txt", "b");
        job.write("dist/.hidden", "h");
        job.write("log/x.log", "x");
        std::os::unix::fs::symlink(job.place.workspace.join("log"), job.host(job.place.workspace.join("dist/logs")))
            .unwrap();
        let up = job.good("upload-artifact", &[("name", "dist"), ("path", "dist")]).await;
        assert_eq!(output(&up, "artifact-id"), Some("1"));
        assert_eq!(output(&up, "artifact-url"), Some("https://github.com/octo/repo/actions/runs/77/artifacts/1"));
        assert_eq!(output(&up, "artifact-digest").unwrap().len(), 64);
        job.good("upload-artifact", &[("path", "dist/a.txt\nlog/*.log\n!**/b.txt"), ("include-hidden-files", "true")])
            .await;
        let again = job.run("upload-artifact", &[("name", "dist"), ("path", "log")]).await;
        assert!(again.failure.unwrap().contains("already exists"));

        let down = job.good("download-artifact", &[("name", "dist"), ("path", "~/in")]).await;
        let target = job.place.home.join("in");
        assert_eq!(output(&down, "download-path").map(Into::into), Some(target.clone()));
        let read = |path: &str| std::fs::read_to_string(job.host(target.join(path))).ok();
        assert_eq!(read("a.txt").as_deref(), Some("a"));
        assert_eq!(read("sub/b.txt").as_deref(), Some("b"));
        assert_eq!(read("logs/x.log").as_deref(), Some("x"));
        assert_eq!(read(".hidden"), None);

        job.good("download-artifact", &[("path", "all")]).await;
        assert_eq!(job.read("all/dist/a.txt"), "a");
        assert_eq!(job.read("all/artifact/dist/a.txt"), "a");
        assert_eq!(job.read("all/artifact/log/x.log"), "x");
        job.good("download-artifact", &[("path", "some"), ("pattern", "d*"), ("merge-multiple", "true")]).await;
        assert_eq!(job.read("some/a.txt"), "a");
        job.good("download-artifact", &[("path", "ids"), ("artifact-ids", "2, 1")]).await;
        assert!(job.exists("ids/dist/a.txt") && job.exists("ids/artifact/log/x.log"));

        job.good("upload-artifact", &[("name", "dist"), ("path", "log"), ("overwrite", "true")]).await;
        job.good(
            "upload-artifact/merge",
            &[("name", "m"), ("delete-merged", "true"), ("separate-directories", "true")],
        )
        .await;
        job.good("download-artifact", &[("name", "m"), ("path", "merged")]).await;
        assert_eq!(job.read("merged/dist/x.log"), "x");
        let gone = job.run("download-artifact", &[("name", "dist")]).await;
        assert!(gone.failure.unwrap().contains("This run has: m"));
    });
}

#[test]
fn what_is_wrong_is_said() {
    in_both(|job| async move {
        let none = job.good("upload-artifact", &[("path", "none")]).await;
        assert!(none.outputs.is_empty());
        assert!(job.said().contains("::warning::No files were found with the provided path: none"));
        let table = [
            (vec![("path", "none"), ("if-no-files-found", "error")], "No files were found"),
            (vec![("path", "x"), ("if-no-files-found", "what")], "Unrecognized"),
            (vec![], "not supplied: path"),
            (vec![("path", "x"), ("compression-level", "10")], "Valid values are 0-9"),
            (vec![("path", "x"), ("retention-days", "soon")], "not a number"),
            (vec![("path", "x"), ("overwrite", "yes")], "must be `true` or `false`"),
            (vec![("path", "../x")], "relative pathing"),
            (vec![("path", "."), ("name", "a/b")], "contains"),
        ];
        job.write("x", "x");
        for (inputs, want) in table {
            let failure = job.run("upload-artifact", &inputs).await.failure;
            assert!(failure.as_deref().is_some_and(|text| text.contains(want)), "{inputs:?}: {failure:?}");
        }
        let other = job.run("download-artifact", &[("github-token", "t"), ("run-id", "1")]).await;
        assert!(other.failure.unwrap().contains("other runs"));
        job.good("download-artifact", &[("github-token", "t"), ("run-id", "77")]).await;
    });
}

#[test]
fn one_file_as_it_is() {
    in_both(|job| async move {
        job.write("out/report.html", "<p>");
        let up = job.good("upload-artifact", &[("path", "out/report.html"), ("archive", "false"), ("name", "x")]).await;
        assert_eq!(output(&up, "artifact-id"), Some("1"));
        job.good("download-artifact", &[("name", "report.html"), ("path", "down")]).await;
        assert_eq!(job.read("down/report.html"), "<p>");
        let many = job.run("upload-artifact", &[("path", "**"), ("archive", "false")]).await;
        assert!(many.failure.unwrap().contains("only a single file"));
    });
}

#[test]
fn a_download_does_not_follow_links_out() {
    in_both(|job| async move {
        job.write("d/link/x", "x");
        job.good("upload-artifact", &[("path", "d")]).await;
        let outside = job.host(job.place.home.join("outside"));
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::create_dir_all(job.host(job.place.workspace.join("t"))).unwrap();
        std::os::unix::fs::symlink(job.place.home.join("outside"), job.host(job.place.workspace.join("t/link")))
            .unwrap();
        let failed = job.run("download-artifact", &[("name", "artifact"), ("path", "t")]).await;
        assert!(failed.failure.unwrap().contains("none of the places"));
        assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
    });
}

#[test]
fn a_pipe_is_not_waited_for() {
    in_both(|job| async move {
        job.write("dist/a.txt", "a");
        let pipe = job.host(job.place.workspace.join("dist/pipe"));
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        for inputs in [[("path", "dist"), ("archive", "true")], [("path", "dist/pipe"), ("archive", "false")]] {
            let failure = job.run("upload-artifact", &inputs).await.failure.unwrap();
            assert!(failure.contains("not a regular file"), "{failure}");
        }
    });
}
