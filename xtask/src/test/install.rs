use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::tools::{Apt, Npm, Pip, Tools};
use super::{place, shown};
use crate::tree;

/// Installs what is missing. Gives a sentence for everything that stays missing.
pub(super) fn all(tools: &Tools, install: bool) -> Vec<String> {
    let mut missing = Vec::new();
    for tool in &tools.apt {
        missing.extend(apt(tool, install).err().map(|why| format!("{} (for {}): {why}", tool.program, tool.purpose)));
    }
    for tool in &tools.npm {
        missing.extend(npm(tool, install).err().map(|why| format!("{} (for {}): {why}", tool.directory, tool.purpose)));
    }
    for tool in &tools.pip {
        missing.extend(pip(tool, install).err().map(|why| format!("{} (for {}): {why}", tool.package, tool.purpose)));
    }
    missing
}

const NOT_ASKED: &str = "not installed, and --no-install was given";

fn apt(tool: &Apt, install: bool) -> Result<(), String> {
    if on_path(&tool.program) {
        return Ok(());
    }
    if !install {
        return Err(NOT_ASKED.to_owned());
    }
    if !is_root() {
        return Err(format!("not on PATH; install the package `{}`", tool.package));
    }
    let get = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        quietly(command)
    };
    let words = ["install", "--yes", "--no-install-recommends", &tool.package];
    get(&words).or_else(|_| get(&["update"]).and_then(|()| get(&words)))
}

fn npm(tool: &Npm, install: bool) -> Result<(), String> {
    let directory = tree::root().join(&tool.directory);
    let lock = std::fs::read_to_string(directory.join("package-lock.json"))
        .map_err(|error| format!("package-lock.json: {error}"))?;
    let marker = directory.join("node_modules/.installed");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if !install {
        return Err(NOT_ASKED.to_owned());
    }
    let mut command = Command::new("npm");
    command.args(["ci", "--no-audit", "--no-fund"]).current_dir(&directory);
    quietly(command)?;
    std::fs::write(&marker, lock).map_err(|error| format!("{}: {error}", marker.display()))
}

fn pip(tool: &Pip, install: bool) -> Result<(), String> {
    let venv = place().join("venv");
    let wanted = match tool.version.as_str() {
        "" => tool.package.clone(),
        version => format!("{}=={version}", tool.package),
    };
    let marker = venv.join(format!(".installed-{}", wanted.replace(['=', '*', '[', ']', '/'], "_")));
    if !marker.exists() {
        if !install {
            return Err(NOT_ASKED.to_owned());
        }
        if !venv.join("bin/pip").exists() {
            let mut command = Command::new("python3");
            command.args(["-m", "venv"]).arg(&venv);
            quietly(command)?;
        }
        let mut command = Command::new(venv.join("bin/pip"));
        command.args(["install", "--quiet", "--disable-pip-version-check", &wanted]);
        quietly(command)?;
    }
    if let Some(name) = &tool.tool_cache {
        lay_out(&venv, name)?;
    }
    std::fs::write(&marker, "").map_err(|error| format!("{}: {error}", marker.display()))
}

/// `tool-cache/NAME/VERSION/ARCH` with its `.complete` marker, as GitHub's runner images have it.
fn lay_out(venv: &Path, name: &str) -> Result<(), String> {
    let package = package_directory(venv, name).ok_or_else(|| format!("the package has no directory `{name}`"))?;
    let version = std::fs::read_to_string(package.join("VERSION")).map_err(|error| format!("VERSION: {error}"))?;
    let version = version.split_whitespace().next().unwrap_or("").trim_start_matches(name).to_owned();
    let arch = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let parent = place().join("tool-cache").join(name).join(version);
    let complete = parent.join(format!("{arch}.complete"));
    if complete.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(&parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    let mut command = Command::new("cp");
    // Linked, not copied: it is the same file system and some hundred megabytes.
    command.args(["-al"]).arg(&package).arg(parent.join(arch));
    quietly(command)?;
    std::fs::write(&complete, "").map_err(|error| format!("{}: {error}", complete.display()))
}

fn package_directory(venv: &Path, name: &str) -> Option<PathBuf> {
    let libraries = std::fs::read_dir(venv.join("lib")).ok()?;
    libraries.flatten().map(|python| python.path().join("site-packages").join(name)).find(|path| path.is_dir())
}

fn quietly(mut command: Command) -> Result<(), String> {
    println!("installing: {}", shown(&command));
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("").to_owned();
    Err(format!("{}: {last}", shown(&command)))
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or("");
    uids.split_whitespace().nth(1) == Some("0")
}
