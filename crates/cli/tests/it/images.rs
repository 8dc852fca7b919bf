//! `trunkline image` as a person uses it, and with Debian's docker and runc on the other side.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod docker;
mod full_disk;
mod runc;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use image::layer::{Builder, Entry, Options};

use super::places::{self, on_path};

/// A directory for everything that one test does.
pub(crate) struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = places::binary().plain();
        command
            .args(arguments)
            .current_dir(self.path())
            .env("TRUNKLINE_HOME", self.path().join("trunkline"))
            .env("HOME", self.path())
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("NO_COLOR", "1")
            .env_remove("DOCKER_DEFAULT_PLATFORM");
        command
    }

    /// What the program printed and how it ended.
    fn run(&self, arguments: &[&str], input: &[u8]) -> (Option<i32>, Vec<u8>, String) {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // It may end without reading everything.
        let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap().replace(&self.path().display().to_string(), "DESK");
        (output.status.code(), output.stdout, stderr)
    }

    /// What a successful command printed.
    fn good(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(arguments, b"");
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        String::from_utf8(stdout).unwrap()
    }

    /// Imports a tree, and gives its id.
    fn import(&self, tree: &[u8], arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(&[&["image", "import", "-"], arguments].concat(), tree);
        assert_eq!(code, Some(0), "{stderr}");
        String::from_utf8(stdout).unwrap().trim_end().to_owned()
    }
}

/// A tree with one file.
fn tree() -> Vec<u8> {
    let mut builder = Builder::new(Options::default());
    builder.add(Entry::directory("etc", 0o755));
    builder.add(Entry::bytes("etc/motd", 0o644, *b"hello\n"));
    builder.write_tar(Vec::new()).unwrap()
}

/// A tree with Debian's static busybox, when it is installed.
fn busybox() -> Option<Vec<u8>> {
    let program = ["/bin/busybox", "/usr/bin/busybox"].iter().find_map(|path| fs::read(path).ok())?;
    let mut builder = Builder::new(Options::default());
    builder.add(Entry::directory("bin", 0o755));
    builder.add(Entry::bytes("bin/busybox", 0o755, program));
    builder.add(Entry::symlink("bin/sh", "busybox"));
    for directory in ["proc", "sys", "dev", "etc", "tmp"] {
        builder.add(Entry::directory(directory, 0o755));
    }
    builder.write_tar(Vec::new()).ok()
}

#[test]
fn a_day_with_images() {
    let desk = Desk::new();
    let platform = ["--platform", "linux/amd64"];
    let id = desk.import(
        &tree(),
        &[&["app:v1", "-c", "CMD [\"sh\"]", "-c", "ENV A=1", "-m", "by hand"], &platform[..]].concat(),
    );
    // The same on every machine.
    insta::assert_snapshot!(id, @"sha256:3ccaf548bef942e68fcdfee1efed7732bf6113073e0f746f653092a44de2d95c");
    desk.good(&["image", "tag", "app:v1", "ghcr.io/owner/app"]);
    desk.good(&["image", "tag", &id[7..19], "app:v2"]);
    let ls = desk.good(&["image", "ls"]);
    let ls: Vec<String> =
        ls.lines().map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(ls.join("\n"), @r#"
    REPOSITORY TAG IMAGE
    app v1 3ccaf548bef9
    app v2 3ccaf548bef9
    ghcr.io/owner/app latest 3ccaf548bef9
    "#);
    assert_eq!(desk.good(&["image", "ls", "-q"]).lines().count(), 1);
    assert_eq!(desk.good(&["image", "ls", "-q", "--no-trunc", "app"]).trim_end(), id);
    let json = desk.good(&["image", "ls", "--format", "json", "-f", "reference=ghcr.io/*"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["Repository"], &json["Tag"], &json["ID"]),
        (&"ghcr.io/owner/app".into(), &"latest".into(), &id[7..19].into())
    );
    let inspected: serde_json::Value = serde_json::from_str(&desk.good(&["image", "inspect", "app:v1"])).unwrap();
    insta::assert_json_snapshot!(inspected, @r#"
    [
      {
        "Id": "sha256:3ccaf548bef942e68fcdfee1efed7732bf6113073e0f746f653092a44de2d95c",
        "RepoTags": [
          "app:v1",
          "app:v2",
          "ghcr.io/owner/app:latest"
        ],
        "RepoDigests": [
          "app@sha256:cab6149c0d76146f12583a4078a246f6efa066627fa8ada4bc58739488f92c08",
          "ghcr.io/owner/app@sha256:cab6149c0d76146f12583a4078a246f6efa066627fa8ada4bc58739488f92c08"
        ],
        "Created": "2023-11-14T22:13:20Z",
        "Author": "",
        "Config": {
          "Env": [
            "A=1"
          ],
          "Cmd": [
            "sh"
          ]
        },
        "Architecture": "amd64",
        "Variant": null,
        "Os": "linux",
        "OsVersion": null,
        "Size": 118,
        "RootFS": {
          "Type": "layers",
          "Layers": [
            "sha256:59c474078901ef5100df9f01140f17613c2c59fd970be52574e94ad1dbcb99a5"
          ]
        },
        "Descriptor": {
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "digest": "sha256:cab6149c0d76146f12583a4078a246f6efa066627fa8ada4bc58739488f92c08",
          "size": 401
        },
        "Manifest": "sha256:cab6149c0d76146f12583a4078a246f6efa066627fa8ada4bc58739488f92c08",
        "Platforms": [
          "linux/amd64"
        ],
        "Layers": [
          {
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": "sha256:a1451e4d54a490c485aad67c392d1cd9c12e35d4ed808b808bb90b7d13d86604",
            "size": 118
          }
        ],
        "History": [
          {
            "created": "2023-11-14T22:13:20Z",
            "comment": "by hand"
          }
        ]
      }
    ]
    "#);

    desk.good(&["image", "save", "-o", "all.tar", "app:v1", "ghcr.io/owner/app"]);
    desk.good(&["image", "save", "--format", "oci-dir", "-o", "layout", "app:v2"]);
    let other = Desk::new();
    let path = |name: &str| desk.path().join(name).display().to_string();
    let loaded =
        other.good(&["image", "load", "-i", &path("all.tar")]) + &other.good(&["image", "load", "-i", &path("layout")]);
    assert_eq!(loaded, "Loaded image: app:v1\nLoaded image: ghcr.io/owner/app:latest\nLoaded image: app:v2\n");
    assert_eq!(other.good(&["image", "ls", "-q", "--no-trunc"]).trim_end(), id);
    let (_, exported, _) = other.run(&["image", "export", "app:v1"], b"");
    assert_eq!(image::Digest::of(&exported), image::Digest::of(&tree()), "the same tree again");

    assert_eq!(desk.good(&["image", "rm", "app:v1"]), "Untagged: app:v1\n");
    let (code, _, stderr) = desk.run(&["image", "rm", &id[7..19]], b"");
    assert_eq!(code, Some(2), "{stderr}");
    insta::assert_snapshot!(stderr.replace(&id[7..19], "ID"), @r#"
    error: ID has several names: app:v2, ghcr.io/owner/app:latest
      hint: name one of them, or take all away with --force
    "#);
    let removed = desk.good(&["image", "rm", "-f", &id[7..19]]);
    assert!(removed.starts_with("Untagged: app:v2\nUntagged: ghcr.io/owner/app:latest\nDeleted: sha256:"), "{removed}");
    assert_eq!(desk.good(&["image", "ls", "-q"]), "");
    let pruned = desk.good(&["image", "prune", "--force"]);
    assert!(pruned.starts_with("0 images, "), "{pruned}");
}

#[test]
fn what_cannot_be_done_is_told() {
    let desk = Desk::new();
    desk.import(&tree(), &["app", "--platform", "linux/amd64"]);
    fs::write(desk.path().join("text"), "not an archive").unwrap();
    let half = tree()[..700].to_vec();
    fs::write(desk.path().join("half.tar"), half).unwrap();
    let mut told = Vec::new();
    for arguments in [
        &["image", "inspect", "nothing"][..],
        &["image", "inspect", "Nothing"],
        &["image", "inspect", "app", "--platform", "linux"],
        &["image", "export", "app", "--platform", "linux/s390x"],
        &["image", "pull", "a b"],
        &["image", "push", "nothing"],
        &["image", "rm", "nothing"],
        &["image", "tag", "app", "app@sha256:12"],
        &["image", "load", "-i", "missing.tar"],
        &["image", "load", "-i", "half.tar"],
        &["image", "load", "-i", "text"],
        &["image", "load", "-i", "."],
        &["image", "import", "half.tar"],
        &["image", "import", "text", "-c", "RUN true"],
        &["image", "import", "text", "-c", "EXPOSE x"],
        &["image", "save", "app", "-o", "no/such/dir.tar"],
        &["image", "save", "app", "--format", "oci-dir"],
        &["image", "ls", "-f", "label=x"],
        &["image", "prune"],
        &["image", "prune", "--force", "--filter", "until=soon"],
    ] {
        let (code, stdout, stderr) = desk.run(arguments, b"");
        assert!(stdout.is_empty(), "{arguments:?}");
        told.push(format!("{} => {}\n{}", arguments[1..].join(" "), code.unwrap_or(-1), stderr.trim_end()));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    inspect nothing => 4
    error: there is no image nothing:latest
      hint: `trunkline image ls` lists what there is, `trunkline image pull` gets more
    inspect Nothing => 2
    error: `Nothing` is not a name of an image: the repository must be in lower case
    inspect app --platform linux => 2
    error: `linux` is not a platform (expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64)
    export app --platform linux/s390x => 4
    error: app:latest holds nothing for linux/s390x (it has linux/amd64)
      hint: `trunkline image pull --platform OS/ARCHITECTURE` gets an image for a platform
    pull a b => 2
    error: `a b` is not a name of an image: `a b` is not a part of a repository (expected a-z and 0-9, with `.`, `_`, `__` or dashes between them)
    push nothing => 4
    error: there is no image nothing:latest
      hint: `trunkline image ls` lists what there is, `trunkline image pull` gets more
    rm nothing => 4
    error: there is no image nothing:latest
      hint: `trunkline image ls` lists what there is, `trunkline image pull` gets more
    tag app app@sha256:12 => 2
    error: `app@sha256:12` is not a name of an image: the part after `@` is not a digest: `sha256:12` is no digest: expected 64 lower-case hex digits after `sha256:`
    load -i missing.tar => 4
    error: cannot use missing.tar: No such file or directory (os error 2)
    load -i half.tar => 3
    error: half.tar: the archive is damaged: it ends in the middle
    load -i text => 3
    error: text: the archive is damaged: it ends in the middle
    load -i . => 3
    error: .: there is no file oci-layout in it: it is no OCI layout
    import half.tar => 3
    error: half.tar: the archive is damaged: it ends in the middle
    import text -c RUN true => 2
    error: --change RUN true: RUN does not only change the configuration
    import text -c EXPOSE x => 2
    error: --change EXPOSE x: `x` is no port: `x` is no number
    save app -o no/such/dir.tar => 4
    error: cannot use no/such/dir.tar: No such file or directory (os error 2)
    save app --format oci-dir => 2
    error: --format oci-dir needs a directory: --output DIR
    ls -f label=x => 2
    error: --filter label=x: expected dangling=true, dangling=false or reference=PATTERN
    prune => 2
    error: there is no terminal to ask on
      hint: --force removes without asking, --dry-run only tells
    prune --force --filter until=soon => 2
    error: --filter until=soon: expected until= and a duration, such as until=24h or until=10m
    "#);
    let left: Vec<_> = fs::read_dir(desk.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
    assert_eq!(desk.good(&["image", "ls", "-q"]).lines().count(), 1);
}

#[test]
fn a_killed_load_leaves_no_name_and_nothing_half() {
    let desk = Desk::new();
    desk.import(&[tree(), vec![0; 1 << 20]].concat(), &["app"]);
    let (_, archive, _) = desk.run(&["image", "save", "app"], b"");
    let other = Desk::new();
    let mut child = other
        .command(&["image", "load"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&archive[..archive.len() - 3000]).unwrap();
    let blobs = other.path().join("trunkline/data/images/blobs/sha256");
    while fs::read_dir(&blobs).map_or(0, Iterator::count) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before the end of the archive");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    assert_eq!(other.good(&["image", "ls"]).lines().count(), 1, "no image");
    let pruned = other.good(&["image", "prune", "--force"]);
    assert!(pruned.starts_with("0 images, ") && !pruned.contains(" 0 blobs"), "{pruned}");
    assert_eq!(fs::read_dir(&blobs).unwrap().count(), 0);
    let (code, stdout, stderr) = other.run(&["image", "load"], &archive);
    assert_eq!((code, stdout), (Some(0), b"Loaded image: app:latest\n".to_vec()), "{stderr}");
}

/// Whether a test is skipped, as its program is missing.
fn skip(test: &str, program: &str) -> bool {
    if on_path(program) {
        return false;
    }
    testkit::skip(test, &format!("{program} is not installed"));
    true
}
