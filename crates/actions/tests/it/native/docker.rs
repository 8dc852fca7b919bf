//! Docker's actions without a daemon.

use crate::fixture::git_in;
use crate::native::job::{Job, in_both, output};

const EVENT: &str = r#"{"ref": "refs/heads/main", "repository": {"name": "repo", "default_branch": "main",
  "html_url": "https://github.com/octo/repo", "description": "A \"repo\"", "license": {"spdx_id": "MIT"}},
  "head_commit": {"id": "0123456789abcdef0123456789abcdef01234567", "timestamp": "2024-02-03T04:05:06Z"}}"#;

fn pushed(job: &mut Job) {
    let event = job.place.temp.join("event.json");
    std::fs::write(job.host(&event), EVENT).unwrap();
    for (name, value) in [
        ("GITHUB_EVENT_PATH", event.to_string_lossy().into_owned()),
        ("GITHUB_EVENT_NAME", "push".to_owned()),
        ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567".to_owned()),
    ] {
        job.env.insert(name.to_owned(), value);
    }
}

#[test]
fn metadata_has_all_outputs() {
    in_both(|mut job| async move {
        pushed(&mut job);
        let inputs = [
            ("images", "ghcr.io/Octo/Repo"),
            ("tags", "type=sha,prefix=\ntype=ref,event=branch\ntype=raw,value={{commit_date 'YYYYMMDD'}}"),
            ("labels", "org.opencontainers.image.created=now"),
        ];
        let outcome = job.good("docker/metadata", &inputs).await;
        assert_eq!(output(&outcome, "version"), Some("main"));
        assert_eq!(output(&outcome, "tag-names"), Some("main\n20240203\n0123456"));
        let tags = "ghcr.io/octo/repo:main\nghcr.io/octo/repo:20240203\nghcr.io/octo/repo:0123456";
        assert_eq!(output(&outcome, "tags"), Some(tags));
        assert_eq!(outcome.env["DOCKER_METADATA_OUTPUT_TAG_NAMES"], "main\n20240203\n0123456");
        let labels = output(&outcome, "labels").unwrap();
        assert!(labels.contains("org.opencontainers.image.licenses=MIT\n"), "{labels}");
        assert!(output(&outcome, "annotations").unwrap().starts_with("manifest:org.opencontainers.image.created="));
        let json: serde_json::Value = serde_json::from_str(output(&outcome, "json").unwrap()).unwrap();
        assert_eq!(json["labels"]["org.opencontainers.image.created"], "now");
        assert_eq!(json["labels"]["org.opencontainers.image.description"], "A \"repo\"");
        let bake = std::fs::read(job.host(output(&outcome, "bake-file").unwrap())).unwrap();
        let bake: serde_json::Value = serde_json::from_slice(&bake).unwrap();
        assert_eq!(bake["target"]["docker-metadata-action"]["args"]["DOCKER_META_VERSION"], "main");
        assert_eq!(bake["target"]["docker-metadata-action"]["tags"][0], "ghcr.io/octo/repo:main");
        for kind in ["tags", "labels", "annotations"] {
            let file = output(&outcome, &format!("bake-file-{kind}")).unwrap();
            assert!(job.host(file).is_file(), "{file}");
        }
    });
}

#[test]
fn metadata_of_the_checkout() {
    in_both(|mut job| async move {
        pushed(&mut job);
        job.write("file", "");
        let workspace = job.host(&job.place.workspace);
        for args in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "x"]] {
            git_in(&workspace, args);
        }
        let sha = git_in(&workspace, &["rev-parse", "HEAD"]);
        let inputs = [("context", "git"), ("tags", "type=ref,event=branch\ntype=sha")];
        let outcome = job.good("docker/metadata", &inputs).await;
        assert_eq!(output(&outcome, "tags"), Some(format!("main\nsha-{}", &sha[..7]).as_str()));
    });
}

#[test]
fn set_up_says_what_is_there() {
    in_both(|job| async move {
        let outcome = job.good("docker/setup-buildx", &[("driver-opts", "network=host")]).await;
        assert!(output(&outcome, "platforms").unwrap().starts_with("linux/"));
        assert_eq!(output(&outcome, "driver"), Some("docker-container"));
        assert!(job.said().contains("`driver-opts` has no effect"));
        let outcome = job.good("docker/setup-qemu", &[("platforms", "sparc")]).await;
        assert!(output(&outcome, "platforms").unwrap().starts_with("linux/"));
        assert!(job.said().contains("::warning::No emulator is registered for sparc"));
        let failed = job.run("docker/setup-buildx", &[("driver", "kubernetes")]).await;
        assert!(failed.failure.unwrap().contains("the driver `kubernetes` builds on other machines"));
    });
}

/// A registry that lets nobody in.
fn refusing() -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\
                          Connection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_login_needs_credentials() {
    in_both(|job| async move {
        for (inputs, want) in [
            (&[][..], "Username and password required"),
            (&[("username", "ann")], "Password required"),
            (&[("password", "x")], "Username required"),
            (&[("registry-auth", "- registry: a"), ("username", "ann")], "Cannot use registry-auth with other inputs"),
        ] {
            assert_eq!(job.run("docker/login", inputs).await.failure.as_deref(), Some(want), "{inputs:?}");
        }
        let registry = refusing();
        let inputs = [("registry", registry.as_str()), ("username", "ann"), ("password", "hunter2")];
        let failure = job.run("docker/login", &inputs).await.failure.unwrap();
        assert!(failure.contains(&registry) && !failure.contains("hunter2"), "{failure}");
        assert!(!job.host(job.place.home.join(".docker/config.json")).exists());
    });
}

#[test]
fn a_build_says_what_is_missing() {
    in_both(|job| async move {
        for (inputs, want) in [
            (&[("context", "nowhere")][..], "is there a checkout?"),
            (&[("context", "."), ("file", "Dockerfile.x")], "Dockerfile.x does not exist"),
            (&[("push", "true")], "the input `tags` is empty"),
            (&[("call", "check")], "`call: check` is not supported"),
            (&[("tags", "ann/App")], "invalid tag \"ann/App\""),
            (&[("outputs", "type=tar")], "give a dest"),
        ] {
            let failure = job.run("docker/build-push", inputs).await.failure.unwrap();
            assert!(failure.contains(want), "{inputs:?}: {failure}");
        }
    });
}
