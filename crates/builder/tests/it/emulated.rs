//! `RUN` for another processor, through an emulator that is registered with the kernel.

use std::path::{Path, PathBuf};
use std::process::Command;

use builder::{Build, Context, DockerfileSource, Output, OutputKind};

use super::world::World;

/// Set where a child of [`run_for_another_processor`] builds.
const INSIDE: &str = "TRUNKLINE_TEST_BINFMT";
const REGISTRY: &str = "/proc/sys/fs/binfmt_misc";
const EMULATOR: &str = "/usr/bin/qemu-aarch64-static";
/// Of 64-bit programs for Arm, as Debian's qemu-user-static registers it; the flags hold F, which makes it work in any root.
const RULE: &str = r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:OCF";

/// A program for 64-bit Arm that writes `made on arm64` into `/made`.
fn program() -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const CODE: u64 = 64 + 56;
    let text = b"made on arm64\n";
    let instruction = |op: u32, value: u32, register: u32| op | (value << 5) | register;
    let movz = |register, value| instruction(0xd280_0000, value, register);
    let svc = 0xd400_0001_u32;
    let length = 14_u64;
    // The strings follow the code: the path, then the text.
    let path = CODE + 4 * length;
    let adr = |register: u32, at: u64, target: u64| {
        let distance = u32::try_from(target - (CODE + 4 * at)).unwrap();
        0x1000_0000 | ((distance & 3) << 29) | ((distance >> 2) << 5) | register
    };
    let code = [
        instruction(0x9280_0000, 99, 0), // x0 = -100, AT_FDCWD
        adr(1, 1, path),
        movz(2, 0x241), // O_WRONLY | O_CREAT | O_TRUNC
        movz(3, 0o644),
        movz(8, 56), // openat
        svc,
        adr(1, 6, path + 6),
        movz(2, u32::try_from(text.len()).unwrap()),
        movz(8, 64), // write, to what openat gave
        svc,
        movz(0, 0),
        movz(8, 93), // exit
        svc,
        0xd503_201f, // nop
    ];
    assert_eq!(code.len() as u64, length);
    let mut body: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    body.extend_from_slice(b"/made\0");
    body.extend_from_slice(text);
    let size = CODE + body.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    for half in [2_u16, 0xb7] {
        elf.extend_from_slice(&half.to_le_bytes());
    }
    elf.extend_from_slice(&1_u32.to_le_bytes());
    for word in [BASE + CODE, 64, 0] {
        elf.extend_from_slice(&word.to_le_bytes());
    }
    elf.extend_from_slice(&0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 64, 0, 0] {
        elf.extend_from_slice(&half.to_le_bytes());
    }
    // One segment, to be read and executed.
    for word in [1_u32, 5] {
        elf.extend_from_slice(&word.to_le_bytes());
    }
    for word in [0, BASE, BASE, size, size, 0x1000] {
        elf.extend_from_slice(&word.to_le_bytes());
    }
    elf.extend(body);
    elf
}

#[tokio::test(flavor = "multi_thread")]
async fn run_for_another_processor() {
    const TEST: &str = "run_for_another_processor";
    if std::env::var_os(INSIDE).is_some() {
        return inside(TEST).await;
    }
    if !rustix::process::geteuid().is_root() {
        return testkit::skip(TEST, "only root can register an emulator");
    }
    if !Path::new(EMULATOR).exists() {
        return testkit::skip(TEST, "there is no qemu-user-static");
    }
    if cfg!(target_arch = "aarch64") {
        return testkit::skip(TEST, "this processor needs no emulator for arm64");
    }
    // The kernel's list is mounted for the child alone.
    let mount =
        format!("test -e {REGISTRY}/register || mount -t binfmt_misc binfmt_misc {REGISTRY} || exit 99; exec \"$@\"");
    let child = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", &mount, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "emulated::run_for_another_processor", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    if child.status.code() == Some(99) {
        return testkit::skip(TEST, "binfmt_misc cannot be mounted");
    }
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success(), "{out}\n{err}");
}

/// An emulator that this test registered; given back in the end.
struct Registered(PathBuf);

impl Drop for Registered {
    fn drop(&mut self) {
        let _ = std::fs::write(&self.0, "-1");
    }
}

async fn inside(test: &str) {
    let Some(world) = World::new(test) else { return };
    let context = world.path("context");
    std::fs::create_dir_all(&context).unwrap();
    std::fs::write(context.join("hello"), program()).unwrap();
    let out = world.path("out");
    let build = Build {
        dockerfile: DockerfileSource::Text {
            name: "Dockerfile".to_owned(),
            text: "FROM scratch\nARG TARGETARCH\nCOPY --chmod=755 hello /hello-$TARGETARCH\nRUN [\"/hello-arm64\"]\n"
                .to_owned(),
        },
        context: Context::Directory(context),
        platforms: vec!["linux/arm64".parse().unwrap()],
        outputs: vec![Output { kind: OutputKind::Local { dest: out.clone() }, options: Default::default() }],
        offline: true,
        ..Build::default()
    };
    let entry = Path::new(REGISTRY).join("qemu-aarch64");
    let mut own = None;
    if !entry.exists() {
        let refused = world.build(&build).await.outcome.unwrap_err().to_string();
        assert!(refused.contains("binfmt_misc has no emulator for arm64"), "{refused}");
        std::fs::write(Path::new(REGISTRY).join("register"), RULE).unwrap();
        own = Some(Registered(entry));
    }
    let told = world.build(&build).await;
    drop(own);
    told.built();
    assert_eq!(std::fs::read_to_string(out.join("made")).unwrap(), "made on arm64\n");
}
