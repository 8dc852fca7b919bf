//! Programs of this machine for containers, which may lack what these need: each goes together with the libraries and the
//! loader that it was linked with.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the runner's own programs are in a container, each in a directory.
pub(crate) const INSIDE: &str = "/__e";

/// A program that runs in any container.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    /// The directory on this machine.
    pub(crate) dir: PathBuf,
    /// Where it is shown.
    pub(crate) inside: PathBuf,
    /// What starts it there, under its own name.
    pub(crate) argv: Vec<String>,
    /// The program on this machine.
    pub(crate) program: PathBuf,
}

/// Puts a program into a directory of the cache, once for each of its versions. Blocks.
pub(crate) fn carry(program: &Path, name: &str, cache: &Path) -> io::Result<Carried> {
    let dir = made(program, name, cache)?;
    let inside = Path::new(INSIDE).join(name);
    let path = |file: &str| inside.join(file).to_string_lossy().into_owned();
    let argv = match dir.join("loader").exists() {
        // The container may have another loader, or none.
        true => ["--argv0", name, "--library-path", &path("lib"), &path(name)].map(str::to_owned).into(),
        false => Vec::new(),
    };
    let start = if argv.is_empty() { path(name) } else { path("loader") };
    let argv = std::iter::once(start).chain(argv).collect();
    Ok(Carried { dir, inside, argv, program: program.to_owned() })
}

impl Carried {
    /// A script that starts it, for a container that has a shell.
    pub(crate) fn script(&self) -> String {
        format!("#!/bin/sh\nexec {} \"$@\"\n", self.argv.join(" "))
    }
}

fn made(program: &Path, name: &str, cache: &Path) -> io::Result<PathBuf> {
    let program = program.canonicalize()?;
    let meta = program.metadata()?;
    let modified = meta.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    let dir = cache.join("externals").join(format!("{name}-{modified}-{}", meta.len()));
    if dir.join(name).exists() {
        return Ok(dir);
    }
    let parent = dir.parent().unwrap_or(cache);
    std::fs::create_dir_all(parent)?;
    let staging = parent.join(format!(".{name}-{}", uuid::Uuid::new_v4()));
    let made = fill(&program, name, &staging).and_then(|()| match std::fs::rename(&staging, &dir) {
        // Another job was faster.
        Err(_) if dir.join(name).exists() => Ok(()),
        other => other,
    });
    if staging.exists() {
        let _ = std::fs::remove_dir_all(&staging);
    }
    made.map(|()| dir)
}

fn fill(program: &Path, name: &str, target: &Path) -> io::Result<()> {
    std::fs::create_dir_all(target.join("lib"))?;
    std::fs::copy(program, target.join(name))?;
    let (loader, libraries) = linked(program)?;
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
