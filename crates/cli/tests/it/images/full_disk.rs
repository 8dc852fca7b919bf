use std::process::Command;

use super::Desk;
use crate::services::Serving;

/// Runs in a mount namespace of its own, where the disk has 4 MiB.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=4m none "$SMALL" || exit 77
desk=$TRUNKLINE_HOME
export TRUNKLINE_HOME="$SMALL/home"
"$0" image pull -q "$HOST/app:1"; echo "pull $?"
find "$SMALL" -path '*/.uploads/*'
"$0" image import - other <"$BIG"; echo "import $?"
find "$SMALL" -path '*/.tmp/*'
"$0" image load -q <"$SAVED"; echo "load $?"
find "$SMALL" -path '*/.tmp/*'
"$0" image ls -q
rm -rf "$SMALL/home"
"$0" registry serve --quiet --listen 127.0.0.1:0 --root "$SMALL/registry" >"$SMALL/said" & registry=$!
until grep -q listening "$SMALL/said"; do kill -0 $registry || exit 1; sleep 0.02; done
at=$(sed -n 's|^listening on http://\([^,]*\),.*|\1|p' "$SMALL/said")
export TRUNKLINE_HOME="$desk"
"$0" image tag app "$at/app:1" && "$0" image push -q "$at/app:1"; echo "push $?"
find "$SMALL/registry/blobs/.uploads" "$SMALL/registry/blobs/.tmp" -type f -size +0
"$0" image pull -q "$at/app:1"; echo "pull $?"
kill $registry
wait $registry
"#;

#[test]
fn a_full_disk_is_told_and_nothing_half_is_left_on_it() {
    let desk = Desk::new();
    desk.import(&noise(6_000_000), &["app"]);
    std::fs::write(desk.path().join("big.tar"), noise(6_000_000)).unwrap();
    desk.good(&["image", "save", "-o", "saved.tar", "app"]);
    let registry = Serving::of(desk.command(&["registry", "serve", "--listen", "127.0.0.1:0", "--root", "registry"]));
    let name = format!("{}/app:1", registry.address());
    desk.good(&["image", "tag", "app", &name]);
    desk.good(&["image", "push", "-q", &name]);
    let small = desk.path().join("small");
    std::fs::create_dir(&small).unwrap();

    let program = desk.command(&[]);
    let mut command = Command::new("unshare");
    let root = rustix::process::geteuid().is_root();
    command.args(if root { &["--mount"][..] } else { &["--mount", "--map-root-user"] });
    command.args(["sh", "-c", SCRIPT]).arg(program.get_program()).current_dir(desk.path());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("SMALL", &small).env("HOST", registry.address());
    command.env("BIG", desk.path().join("big.tar")).env("SAVED", desk.path().join("saved.tar"));
    let Ok(output) = command.output() else {
        return testkit::skip("images::a_full_disk_is_told_and_nothing_half_is_left_on_it", "unshare is not installed");
    };
    if output.status.code() == Some(77) {
        return testkit::skip("images::a_full_disk_is_told_and_nothing_half_is_left_on_it", "no disk can be mounted");
    }
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(stdout, "pull 5\nimport 5\nload 5\npush 5\npull 4\n", "{stderr}");
    let full = stderr.lines().filter(|line| line.contains("No space left on device")).count();
    assert_eq!(full, 3, "{stderr}");
    assert!(stderr.contains("the registry's disk is full (HTTP status 507)"), "{stderr}");
}

/// A tree with a file that cannot be compressed.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    let mut builder = image::layer::Builder::new(image::layer::Options::default());
    builder.add(image::layer::Entry::bytes("noise", 0o644, bytes));
    builder.write_tar(Vec::new()).unwrap()
}
