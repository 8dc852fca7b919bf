//! Base images for tests, made of what is installed here.

use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Binary, TestRepository};

/// Why an image cannot be had here.
type Missing = String;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n";
const GROUP: &str = "root:x:0:\napp:x:1000:\n";

/// Puts an image into the store that the program uses in this repository: `busybox`, or `busybox+PROGRAM…` with programs of
/// this machine and the libraries they need, under the name `PROGRAM`. `Ok(Some(_))` tells why that is not possible.
pub fn bring_in(binary: &Binary, repository: &TestRepository, name: &str) -> io::Result<Option<Missing>> {
    let Some(busybox) = on_path("busybox") else {
        return Ok(Some("`busybox` is not on PATH".to_owned()));
    };
    if !libraries(&busybox)?.is_empty() {
        return Ok(Some("`busybox` is not linked statically; busybox-static is needed".to_owned()));
    }
    let dir = tempfile::tempdir()?;
    let root = dir.path().join("root");
    base(&busybox, &root)?;
    let mut programs = name.split('+').skip(1).peekable();
    let image = match programs.peek() {
        None => "busybox".to_owned(),
        Some(first) => (*first).to_owned(),
    };
    for program in programs {
        let Some(found) = on_path(program) else {
            return Ok(Some(format!("`{program}` is not on PATH")));
        };
        let found = found.canonicalize()?;
        std::fs::copy(&found, root.join("usr/bin").join(program))?;
        for library in libraries(&found)? {
            let target = root.join(library.strip_prefix("/").unwrap_or(&library));
            std::fs::create_dir_all(target.parent().unwrap_or(&root))?;
            std::fs::copy(library.canonicalize()?, target)?;
        }
    }
    let archive = dir.path().join("root.tar");
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(&root).arg("-cf").arg(&archive).args(["--owner=0", "--group=0", "."]);
    succeed(&mut tar)?;
    let arguments = ["image", "import", &archive.to_string_lossy(), &image].map(str::to_owned);
    let finished = binary.run(repository, &arguments, &[], None)?;
    match finished.code {
        Some(0) => Ok(None),
        _ => Err(io::Error::other(format!("importing {image}: {}", finished.stderr))),
    }
}

/// A root with busybox and nothing else.
fn base(busybox: &Path, root: &Path) -> io::Result<()> {
    for dir in ["bin", "etc", "root", "tmp", "usr/bin", "var/tmp", "home/app"] {
        std::fs::create_dir_all(root.join(dir))?;
    }
    std::fs::set_permissions(root.join("tmp"), std::fs::Permissions::from_mode(0o1777))?;
    std::fs::write(root.join("etc/passwd"), PASSWD)?;
    std::fs::write(root.join("etc/group"), GROUP)?;
    std::fs::copy(busybox, root.join("bin/busybox"))?;
    let list = Command::new(busybox).arg("--list").output()?;
    for applet in String::from_utf8_lossy(&list.stdout).lines().filter(|applet| *applet != "busybox") {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    Ok(())
}

/// What a program is linked with, its loader too; nothing for a static one.
fn libraries(program: &Path) -> io::Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let words = text.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(words.map(PathBuf::from).filter(|path| path.is_file() && path != program).collect())
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).map(|dir| dir.join(program)).find(|path| path.is_file())
}
