//! Node.js for containers, which may lack what the machine's own needs: its program together with the libraries and the
//! loader that it was linked with.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the runner's own programs are in a container.
pub(crate) const INSIDE: &str = "/__e";

/// A directory to be shown at [`INSIDE`], and what Node.js is started with there.
#[derive(Clone, Debug)]
pub(crate) struct Externals {
    pub(crate) dir: PathBuf,
    pub(crate) node: Vec<String>,
    /// The program on this machine.
    pub(crate) program: PathBuf,
}

/// Makes the directory, once for each program. Blocks.
pub(crate) fn prepare(node: &Path, cache: &Path) -> io::Result<Externals> {
    let program = node.to_owned();
    let dir = made(node, cache)?;
    let path = |name: &str| format!("{INSIDE}/node/{name}");
    let node = match dir.join("node/loader").exists() {
        // The container may have another loader, or none.
        true => vec![path("loader"), "--library-path".to_owned(), path("lib"), path("node")],
        false => vec![path("node")],
    };
    Ok(Externals { dir, node, program })
}

fn made(node: &Path, cache: &Path) -> io::Result<PathBuf> {
    let node = node.canonicalize()?;
    let meta = node.metadata()?;
    let modified = meta.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let dir = cache.join("externals").join(format!("node-{modified}-{}", meta.len()));
    if dir.join("node/node").exists() {
        return Ok(dir);
    }
    let parent = dir.parent().unwrap_or(cache);
    std::fs::create_dir_all(parent)?;
    let staging = parent.join(format!(".node-{}", uuid::Uuid::new_v4()));
    let made = fill(&node, &staging.join("node")).and_then(|()| match std::fs::rename(&staging, &dir) {
        // Another job was faster.
        Err(_) if dir.join("node/node").exists() => Ok(()),
        other => other,
    });
    if staging.exists() {
        let _ = std::fs::remove_dir_all(&staging);
    }
    made.map(|()| dir)
}

fn fill(node: &Path, target: &Path) -> io::Result<()> {
    std::fs::create_dir_all(target.join("lib"))?;
    std::fs::copy(node, target.join("node"))?;
    let (loader, libraries) = linked(node)?;
    let Some(loader) = loader else {
        return Ok(());
    };
    for library in libraries {
        let name = library.file_name().unwrap_or_default();
        std::fs::copy(&library, target.join("lib").join(name))?;
    }
    std::fs::copy(&loader, target.join("loader")).map(drop)
}

/// The loader that a program names, and every library that it is linked with here. No loader: it needs none.
fn linked(program: &Path) -> io::Result<(Option<PathBuf>, Vec<PathBuf>)> {
    let output = Command::new("ldd").arg(program).env_clear().env("PATH", "/usr/bin:/bin").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("not a dynamic executable") || text.contains("statically linked") {
            return Ok((None, Vec::new()));
        }
        return Err(io::Error::other(format!("ldd: {}", said.trim())));
    }
    let mut loader = None;
    let mut libraries = Vec::new();
    for line in text.lines() {
        let path = match line.split_once("=>") {
            Some((_, path)) => path,
            None => line,
        };
        let path = path.trim().split(" (").next().unwrap_or_default();
        if !path.starts_with('/') {
            continue;
        }
        let path = PathBuf::from(path);
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-")) {
            loader = Some(path);
        } else {
            libraries.push(path);
        }
    }
    Ok((loader, libraries))
}
