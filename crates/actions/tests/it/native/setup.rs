//! The setup actions, with tools made of shell scripts.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use git::Sources;
use sha2::{Digest, Sha256};

use super::job::{Job, in_both, output};

const GO: &str = "#!/bin/sh
case \"$1 $2\" in
  version*) echo \"go version go@VERSION@ linux/amd64\";;
  'env GOPATH') echo $HOME/go;;
  'env GOMODCACHE') echo $HOME/go/pkg/mod;;
  'env GOCACHE') echo $HOME/.cache/go-build;;
  *) echo GOTOOLCHAIN=$GOTOOLCHAIN;;
esac
";

fn arch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" }
}

/// Puts a program into the tool cache.
fn provide(job: &Job, tool: &str, version: &str, program: &str, script: &str) {
    let dir = job.place.tool_cache.join(tool).join(version).join(arch());
    let host = job.host(dir.join(program));
    std::fs::create_dir_all(host.parent().unwrap()).unwrap();
    std::fs::write(&host, script).unwrap();
    std::fs::set_permissions(&host, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(job.host(dir.with_file_name(format!("{}.complete", arch()))), "").unwrap();
}

fn go(version: &str) -> String {
    GO.replace("@VERSION@", version)
}

/// Only what a shell script needs.
fn bare_path(job: &mut Job) {
    job.env.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
}

#[test]
fn go_from_the_tool_cache() {
    in_both(|mut job| async move {
        bare_path(&mut job);
        for version in ["1.22.9", "1.23.4", "1.23.1", "1.24.0-rc.1"] {
            provide(&job, "go", version, "bin/go", &go(version));
        }
        // Without its mark it is not there.
        std::fs::create_dir_all(job.host(job.place.tool_cache.join("go/1.23.9").join(arch()))).unwrap();
        job.write("go.mod", "module x\n\ngo 1.21\n\ntoolchain go1.22.9\n");
        job.write("go.sum", "sum\n");
        let outcome = job.good("setup-go", &[("go-version", "1.23")]).await;
        assert_eq!(output(&outcome, "go-version"), Some("1.23.4"));
        assert_eq!(output(&outcome, "cache-hit"), Some("false"));
        assert_eq!(outcome.env.get("GOTOOLCHAIN").map(String::as_str), Some("local"));
        let dir = job.place.tool_cache.join("go/1.23.4").join(arch());
        let text = |path: &Path| path.to_string_lossy().into_owned();
        assert_eq!(outcome.path, [text(&dir.join("bin")), text(&job.place.home.join("go/bin"))]);
        assert!(job.said().contains("GOTOOLCHAIN=local") && job.said().contains("::add-matcher::"));

        // What the job has made of the caches is saved, and restored for the same go.sum.
        let module = job.host(job.place.home.join("go/pkg/mod/m"));
        std::fs::create_dir_all(module.parent().unwrap()).unwrap();
        std::fs::write(&module, "m").unwrap();
        job.post(outcome.post.unwrap()).await;
        std::fs::remove_file(&module).unwrap();
        let outcome = job.good("setup-go", &[("go-version", "~1.23.4")]).await;
        assert_eq!(output(&outcome, "cache-hit"), Some("true"), "{}", job.said());
        assert_eq!(std::fs::read_to_string(&module).unwrap(), "m");

        let outcome = job.good("setup-go", &[("go-version-file", "go.mod"), ("cache", "false")]).await;
        assert_eq!(output(&outcome, "go-version"), Some("1.22.9"));
        let outcome = job.good("setup-go", &[("go-version", "stable"), ("cache", "false")]).await;
        assert_eq!(output(&outcome, "go-version"), Some("1.23.4"));
        assert!(job.said().contains("offline"));
    });
}

#[test]
fn what_cannot_be_had_says_how_to_provide_it() {
    in_both(|mut job| async move {
        bare_path(&mut job);
        provide(&job, "go", "1.22.9", "bin/go", &go("1.22.9"));
        let failure = job.run("setup-go", &[("go-version", "1.99.1")]).await.failure.unwrap();
        for part in ["Go 1.99.1", "has 1.22.9", "go.dev/dl", "offline", "1.99.1/", ".complete", "GO_DOWNLOAD_BASE_URL"]
        {
            assert!(failure.contains(part), "{part}: {failure}");
        }
        for (name, inputs) in [
            ("setup-node", vec![("node-version", "99.1.2")]),
            ("setup-python", vec![("python-version", "3.99")]),
            ("setup-java", vec![("java-version", "99"), ("distribution", "temurin")]),
            ("golangci-lint", vec![("version", "v2.99.1")]),
        ] {
            let failure = job.run(name, &inputs).await.failure.unwrap_or_default();
            assert!(
                failure.contains("99") && failure.contains("To provide it") && failure.contains("offline"),
                "{failure}"
            );
        }
        let failure = job.run("setup-go", &[("go-version", "one")]).await.failure.unwrap();
        assert!(failure.contains("no version or range"));
    });
}

/// Answers every request for a known path, one at a time.
fn serve(files: Vec<(String, Vec<u8>)>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
                request.push(byte[0]);
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let found = files.iter().find(|(name, _)| *name == path);
            let (status, body) = found.map_or(("404 Not Found", &[][..]), |(_, body)| ("200 OK", body));
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    url
}

fn archive(name: &str, script: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o755);
    header.set_size(script.len() as u64);
    builder.append_data(&mut header, name, script.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

fn online(job: &mut Job) {
    job.place.sources = Arc::new(Sources { offline: false, ..(*job.place.sources).clone() });
}

#[test]
fn go_is_downloaded_into_the_tool_cache() {
    in_both(|mut job| async move {
        bare_path(&mut job);
        online(&mut job);
        let tarball = archive("go/bin/go", &go("1.23.4"));
        let sum = hex::encode(Sha256::digest(&tarball));
        let file = |version: &str, sum: &str| {
            format!(
                r#"{{"version": "go{version}", "stable": true, "files": [{{"filename": "go{version}.tar.gz", "os": "linux",
                   "arch": "{}", "sha256": "{sum}", "kind": "archive"}}]}}"#,
                if arch() == "x64" { "amd64" } else { arch() }
            )
        };
        let list = format!("[{}, {}]", file("1.23.4", &sum), file("1.22.0", &"0".repeat(64)));
        let url = serve(vec![
            ("/?mode=json&include=all".to_owned(), list.into_bytes()),
            ("/go1.23.4.tar.gz".to_owned(), tarball.clone()),
            ("/go1.22.0.tar.gz".to_owned(), tarball),
        ]);
        job.env.insert("GO_DOWNLOAD_BASE_URL".to_owned(), url);
        let outcome = job.good("setup-go", &[("go-version", "stable"), ("cache", "false")]).await;
        assert_eq!(output(&outcome, "go-version"), Some("1.23.4"));
        assert!(job.said().contains("The checksum is as published"));
        let dir = job.host(job.place.tool_cache.join("go"));
        assert!(dir.join("1.23.4").join(format!("{}.complete", arch())).exists());
        // A wrong checksum leaves nothing behind.
        let failure = job.run("setup-go", &[("go-version", "1.22")]).await.failure.unwrap();
        assert!(failure.contains("checksum"), "{failure}");
        assert!(!dir.join("1.22.0").exists());
        let left: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".staging")), "{left:?}");
    });
}

#[test]
fn node_with_its_cache_and_registry() {
    in_both(|mut job| async move {
        bare_path(&mut job);
        for version in ["20.18.0", "22.11.0", "23.1.0"] {
            provide(&job, "node", version, "bin/node", &format!("#!/bin/sh\necho v{version}\n"));
            provide(&job, "node", version, "bin/npm", "#!/bin/sh\necho $HOME/.npm\n");
        }
        job.write("package.json", r#"{"engines": {"node": "<22"}}"#);
        job.write("package-lock.json", "{}");
        let inputs = [("node-version-file", "package.json"), ("cache", "npm"), ("registry-url", "https://npm.example")];
        let outcome = job.good("setup-node", &inputs).await;
        assert_eq!(output(&outcome, "node-version"), Some("v20.18.0"));
        assert_eq!(output(&outcome, "cache-hit"), Some("false"));
        assert!(output(&outcome, "cache-primary-key").unwrap().starts_with("node-cache-Linux-"));
        let npmrc = std::fs::read_to_string(job.host(&outcome.env["NPM_CONFIG_USERCONFIG"])).unwrap();
        assert!(npmrc.contains("registry=https://npm.example/"));
        let outcome = job.good("setup-node", &[("node-version", "lts/*")]).await;
        assert_eq!(output(&outcome, "node-version"), Some("v22.11.0"));
        let outcome = job.good("setup-node", &[("node-version", "lts/iron")]).await;
        assert_eq!(output(&outcome, "node-version"), Some("v20.18.0"));
        let outcome = job.good("setup-node", &[("node-version", "latest")]).await;
        assert_eq!(output(&outcome, "node-version"), Some("v23.1.0"));
        let failure = job.run("setup-node", &[("node-version", "22"), ("cache", "cargo")]).await.failure.unwrap();
        assert!(failure.contains("npm, yarn or pnpm"));
    });
}

#[test]
fn python_and_its_variables() {
    in_both(|mut job| async move {
        bare_path(&mut job);
        provide(&job, "Python", "3.12.7", "bin/python", "#!/bin/sh\necho $HOME/.cache/pip\n");
        job.write("sub/requirements.txt", "x\n");
        job.write(".python-version", "3.12\n");
        let outcome = job.good("setup-python", &[("cache", "pip")]).await;
        let dir = job.place.tool_cache.join("Python/3.12.7").join(arch()).to_string_lossy().into_owned();
        assert_eq!(output(&outcome, "python-version"), Some("3.12.7"));
        assert_eq!(output(&outcome, "python-path"), Some(format!("{dir}/bin/python").as_str()));
        assert_eq!(outcome.env["pythonLocation"], dir);
        assert_eq!(outcome.env["LD_LIBRARY_PATH"], format!("{dir}/lib"));
        assert_eq!(outcome.path, [dir.clone(), format!("{dir}/bin")]);
        assert_eq!(output(&outcome, "cache-hit"), Some("false"));
        let outcome = job.good("setup-python", &[("python-version", "3.12"), ("update-environment", "false")]).await;
        assert!(outcome.env.is_empty() && outcome.path.is_empty());
        let failure = job.run("setup-python", &[("python-version", "pypy3.10")]).await.failure.unwrap();
        assert!(failure.contains("only CPython"));
    });
}

#[test]
fn java_and_its_variables() {
    if arch() != "x64" {
        println!("skipped: the tool cache of this test is for x64");
        return;
    }
    in_both(|mut job| async move {
        bare_path(&mut job);
        for version in ["17.0.8-7", "17.0.9-9", "21.0.1-12", "22.0.0-ea.5"] {
            provide(&job, "Java_Temurin-Hotspot_jdk", version, "bin/java", "#!/bin/sh\n");
        }
        let outcome = job.good("setup-java", &[("java-version", "17"), ("distribution", "temurin")]).await;
        let dir = job.place.tool_cache.join("Java_Temurin-Hotspot_jdk/17.0.9-9").join(arch());
        let dir = dir.to_string_lossy().into_owned();
        assert_eq!(output(&outcome, "version"), Some("17.0.9+9"));
        assert_eq!(output(&outcome, "path"), Some(dir.as_str()));
        assert_eq!(outcome.env["JAVA_HOME"], dir);
        assert_eq!(outcome.env["JAVA_HOME_17_X64"], dir);
        let settings = job.host(job.place.home.join(".m2/settings.xml"));
        assert!(std::fs::read_to_string(settings).unwrap().contains("${env.GITHUB_TOKEN}"));
        let outcome = job
            .good("setup-java", &[("java-version", "22-ea"), ("distribution", "temurin"), ("set-default", "false")])
            .await;
        assert_eq!(output(&outcome, "version"), Some("22.0.0+5"));
        assert!(!outcome.env.contains_key("JAVA_HOME"));
        for (inputs, want) in [
            (vec![("java-version", "17")], "distribution input is required"),
            (vec![("distribution", "temurin")], "java-version or java-version-file"),
            (vec![("java-version", "17"), ("distribution", "cobol")], "known are temurin"),
            (vec![("java-version", "17"), ("distribution", "temurin"), ("gpg-private-key", "k")], "not supported"),
        ] {
            let failure = job.run("setup-java", &inputs).await.failure.unwrap();
            assert!(failure.contains(want), "{failure}");
        }
    });
}

#[test]
fn golangci_lint_finds_issues() {
    in_both(|mut job| async move {
        bare_path(&mut job);
        let script = "#!/bin/sh
case \"$1\" in
  config) exit 1;;
  run) echo \"main.go:3:1: found $* (govet)\"; test -e clean;;
esac
";
        provide(&job, "golangci-lint", "2.1.6", "golangci-lint", script);
        let failed = job.run("golangci-lint", &[("version", "v2.1"), ("args", "--timeout='5m 1s'")]).await;
        assert_eq!(failed.failure.as_deref(), Some("issues found"));
        assert!(job.said().contains("main.go:3:1: found run --timeout=5m 1s (govet)"), "{}", job.said());
        job.write("sub/clean", "");
        job.good("golangci-lint", &[("working-directory", "sub"), ("only-new-issues", "true")]).await;
        assert!(job.said().contains("found no issues"));
        let failure = job.run("golangci-lint", &[("version", "v2")]).await.failure.unwrap();
        assert!(failure.contains("expected format"));
    });
}

/// What this machine has, as it is.
#[test]
fn tools_on_path() {
    in_both(|job| async move {
        for (name, inputs, program, wanted) in [
            ("setup-node", vec![("node-version", "*")], "node", "node-version"),
            ("setup-python", vec![("python-version", "3.x")], "python3", "python-version"),
            ("setup-java", vec![("java-version", ">=8"), ("distribution", "temurin")], "javac", "version"),
        ] {
            if !std::process::Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success()) {
                println!("skipped: {program} is not on PATH");
                continue;
            }
            let outcome = job.good(name, &inputs).await;
            assert!(output(&outcome, wanted).is_some_and(|version| !version.is_empty()));
            assert!(job.said().contains("satisf"), "{}", job.said());
        }
    });
}
