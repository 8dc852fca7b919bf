//! What the native stand-ins for Docker's own actions share.

pub(crate) mod build_push;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod metadata;
mod moment;
mod pep440;
mod registry_auth;
pub(crate) mod setup;
mod template;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

use super::NativeCall;
use super::error::{Fault, Result};
use super::files::Files;

/// What triggered the run, as GitHub's event file has it; nothing when there is no such file.
pub(crate) fn event(call: &NativeCall) -> Value {
    let path = call.env("GITHUB_EVENT_PATH");
    let files = Files(&call.place.sandbox);
    let read = || {
        let real = files.resolve(Path::new(path)).ok()?;
        serde_json::from_slice(&fs::read(files.host(&real)).ok()?).ok()
    };
    if path.is_empty() { Value::Null } else { read().unwrap_or(Value::Null) }
}

/// A flag of the environment as the actions read it: what Go's `strconv.ParseBool` takes, in any case.
pub(crate) fn flag(call: &NativeCall, name: &str, default: bool) -> Result<bool> {
    match call.env(name) {
        "" => Ok(default),
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(Fault::Text(format!("the variable {name} is `{other}`; it must be true or false"))),
    }
}

/// Lines below a heading that the log folds.
pub(crate) fn group<T: AsRef<str>>(call: &NativeCall, title: &str, lines: impl IntoIterator<Item = T>) {
    call.say(format!("::group::{title}"));
    lines.into_iter().for_each(|line| call.say(line));
    call.say("::endgroup::");
}

/// A fresh directory below `RUNNER_TEMP`, as the job names it.
pub(crate) fn temporary(call: &NativeCall) -> Result<PathBuf> {
    let inside = call.place.temp.join(format!("docker-actions-toolkit-{:08x}", fastrand::u32(..)));
    let files = Files(&call.place.sandbox);
    let real = files.resolve(&inside).map_err(Fault::io("find", &inside))?;
    fs::create_dir_all(files.host(&real)).map_err(Fault::io("make", &inside))?;
    Ok(inside)
}

/// Writes a file of the job.
pub(crate) fn write(call: &NativeCall, inside: &Path, text: &str) -> Result<()> {
    let files = Files(&call.place.sandbox);
    let real = files.resolve(inside).map_err(Fault::io("find", inside))?;
    fs::write(files.host(&real), text).map_err(Fault::io("write", inside))
}
