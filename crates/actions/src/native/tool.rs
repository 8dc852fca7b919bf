//! Tools of the setup actions: the tool cache first, then what the job has on its `PATH`, then a download.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use indexmap::IndexMap;
use rustix::fs::{FlockOperation, flock};

use super::archive::{Landing, unpack};
use super::error::{Fault, Result};
use super::files::Files;
use super::semver::{Range, Version};
use super::{NativeCall, NativeOutcome, fetch, process};

/// A tool that is there.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    /// As the tool cache spells it.
    pub(crate) version: String,
    /// Its directory, a path of the job.
    pub(crate) dir: PathBuf,
}

/// One version of a tool for download.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    /// As the tool cache spells it.
    pub(crate) version: String,
    pub(crate) url: String,
    /// Lower-case hexadecimal, when the source publishes one.
    pub(crate) sha256: Option<String>,
}

/// `x64`, `arm64`: as Node names what this machine is.
pub(crate) fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        other => other,
    }
}

/// `RUNNER_TOOL_CACHE`, a path of the job.
pub(crate) fn cache_dir(call: &NativeCall) -> PathBuf {
    match call.env("RUNNER_TOOL_CACHE") {
        "" => call.place.tool_cache.clone(),
        dir => PathBuf::from(dir),
    }
}

/// All versions of a tool in the tool cache, the newest first.
pub(crate) fn cached(call: &NativeCall, name: &str, arch: &str) -> Vec<(Version, Tool)> {
    let files = Files(&call.place.sandbox);
    let dir = cache_dir(call).join(name);
    let there = |path: &Path| files.resolve(path).is_ok_and(|real| fs::symlink_metadata(files.host(&real)).is_ok());
    let Ok(real) = files.resolve(&dir) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(files.host(&real)) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = Version::parse(&name)?;
            let dir = dir.join(&name).join(arch);
            let complete = dir.with_file_name(format!("{arch}.complete"));
            (there(&dir) && there(&complete)).then_some((version, Tool { version: name, dir }))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| b.cmp(a));
    found
}

/// The newest version in the tool cache that fits.
pub(crate) fn find(call: &NativeCall, name: &str, range: &Range, arch: &str) -> Option<Tool> {
    let found = cached(call, name, arch).into_iter().find(|(version, _)| range.matches(version));
    found.map(|(_, tool)| tool)
}

/// Runs a program of the job with the variables and directories that the action has added so far.
pub(crate) async fn run(call: &NativeCall, outcome: &NativeOutcome, argv: &[&str], cwd: &Path) -> Result<Output> {
    let mut command = sandbox::Command::new(argv.iter().copied());
    command.env = environment(call, outcome).into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    command.cwd = cwd.to_owned();
    process::output(&call.place.sandbox, command, &call.cancel).await
}

/// What a program printed, trimmed; none when it failed or is not there.
pub(crate) async fn says(call: &NativeCall, outcome: &NativeOutcome, argv: &[&str]) -> Option<String> {
    let output = run(call, outcome, argv, &call.place.workspace).await.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// The step's environment with what the action has added.
pub(crate) fn environment(call: &NativeCall, outcome: &NativeOutcome) -> IndexMap<String, String> {
    let mut env = call.env.clone();
    env.extend(outcome.env.clone());
    let path = search_path(call, outcome);
    env.insert("PATH".to_owned(), path);
    env
}

fn search_path(call: &NativeCall, outcome: &NativeOutcome) -> String {
    let added = outcome.path.iter().rev().map(String::as_str);
    added.chain(std::iter::once(call.env("PATH")).filter(|path| !path.is_empty())).collect::<Vec<_>>().join(":")
}

/// Where a program is on the job's `PATH`.
pub(crate) fn which(call: &NativeCall, outcome: &NativeOutcome, name: &str) -> Option<PathBuf> {
    process::find_program(Files(&call.place.sandbox), &search_path(call, outcome), name)
}

/// Downloads into the tool cache, where it appears whole or not at all. The archive's only directory becomes the
/// tool's.
pub(crate) async fn install(call: &NativeCall, name: &str, arch: &str, release: &Release) -> Result<Tool> {
    let inside = cache_dir(call).join(name);
    let files = Files(&call.place.sandbox);
    let real = files.resolve(&inside).map_err(Fault::io("find", &inside))?;
    let host = files.host(&real);
    fs::create_dir_all(&host).map_err(Fault::io("make", &inside))?;
    let _lock = lock(call, &host.join(format!(".{}-{arch}.lock", release.version))).await?;
    let tool = Tool { version: release.version.clone(), dir: inside.join(&release.version).join(arch) };
    let target = host.join(&release.version).join(arch);
    let complete = host.join(&release.version).join(format!("{arch}.complete"));
    if target.is_dir() && complete.exists() {
        call.say("Another job has put it into the tool cache meanwhile");
        return Ok(tool);
    }
    let staging_name = format!(".staging-{:016x}", fastrand::u64(..));
    let staging = Staging(host.join(&staging_name));
    fs::create_dir(&staging.0).map_err(Fault::io("make", &staging.0))?;
    call.say(format!("Downloading {} {} from {}", name, release.version, release.url));
    let archive = staging.0.join("archive");
    let digest = fetch::download(call, &release.url, &archive).await?;
    match &release.sha256 {
        Some(want) if !want.eq_ignore_ascii_case(&digest) => {
            return Err(Fault::Text(format!(
                "{} has the checksum sha256:{digest}, published is sha256:{want}",
                release.url
            )));
        }
        Some(_) => call.say("The checksum is as published"),
        None => call.say("The source publishes no checksum; it is not checked"),
    }
    let unpacked = real.join(&staging_name).join("files");
    let failed = |source| Fault::io("unpack", &unpacked)(source);
    let (sandbox, cancel) = (call.place.sandbox.clone(), call.cancel.clone());
    let base = unpacked.clone();
    let unpacking = tokio::task::spawn_blocking(move || {
        let mut landing = Landing::new(Files(&sandbox), std::slice::from_ref(&base))?;
        landing.directory(&base)?;
        unpack(File::open(archive)?, &base, &mut landing, &cancel)
    });
    match unpacking.await {
        Ok(done) => done.map_err(failed)?,
        Err(join) => std::panic::resume_unwind(join.into_panic()),
    };
    let top = only_directory(&staging.0.join("files"));
    let parent = host.join(&release.version);
    let place = || {
        fs::create_dir_all(&parent)?;
        // Without its mark it is the rest of an attempt that was cut short.
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        fs::rename(&top, &target)?;
        fs::write(&complete, "")
    };
    place().map_err(Fault::io("write", &tool.dir))?;
    call.say(format!("{name} {} is in the tool cache now", release.version));
    Ok(tool)
}

/// Removed when dropped.
struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed is in nobody's way.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn only_directory(dir: &Path) -> PathBuf {
    let entries: Vec<_> = fs::read_dir(dir).map(|entries| entries.flatten().collect()).unwrap_or_default();
    match entries.as_slice() {
        [only] if only.file_type().is_ok_and(|kind| kind.is_dir()) => only.path(),
        _ => dir.to_owned(),
    }
}

/// Waits until nobody else installs the same.
async fn lock(call: &NativeCall, path: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(path).map_err(Fault::io("open", path))?;
    let mut said = false;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Fault::io("lock", path)(error.into())),
        }
        if !said {
            call.say("Another job is installing the same; waiting for it");
            said = true;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            () = call.cancel.cancelled() => return Err(Fault::Cancelled),
        }
    }
}

/// Why a tool cannot be had, and what to do.
pub(crate) struct Missing<'a> {
    /// `Go`
    pub(crate) title: &'a str,
    /// Its directory in the tool cache.
    pub(crate) name: &'a str,
    /// As asked for.
    pub(crate) spec: &'a str,
    pub(crate) arch: &'a str,
    /// What was found on `PATH`.
    pub(crate) on_path: Option<String>,
    /// What the source said.
    pub(crate) source: String,
    /// The variable that names another source.
    pub(crate) mirror: &'a str,
    /// A version that would do, for the example.
    pub(crate) example: String,
}

impl Missing<'_> {
    pub(crate) fn fault(&self, call: &NativeCall) -> Fault {
        let Missing { title, name, spec, arch, mirror, example, source, .. } = self;
        let dir = cache_dir(call).join(name);
        let host = Files(&call.place.sandbox).host(&dir);
        let have: Vec<String> = cached(call, name, arch).into_iter().map(|(_, tool)| tool.version).collect();
        let have = if have.is_empty() { "has none".to_owned() } else { format!("has {}", have.join(", ")) };
        let path = self.on_path.as_deref().unwrap_or("has none");
        let host = host.display();
        Fault::Text(format!(
            "{title} {spec} ({arch}) cannot be had. Looked in the tool cache ({}, which {have}), on PATH (which {path}) \
             and at the source: {source}. To provide it, unpack it to {host}/{example}/{arch} and make the empty file \
             {host}/{example}/{arch}.complete, or put it on PATH, or set {mirror} to a mirror",
            dir.display()
        ))
    }
}
