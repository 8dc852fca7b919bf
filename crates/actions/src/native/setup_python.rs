//! `actions/setup-python`: CPython.

mod download;
mod packages;
mod request;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Fault, Result};
use super::files::Files;
use super::semver::Version;
use super::tool::{self, Missing};
use super::{NativeCall, NativeOutcome, setup};
use request::Request;

const MIRROR: &str = "TRUNKLINE_PYTHON_MIRROR";

const MATCHER: &str = r#"{"problemMatcher": [{"owner": "python", "pattern": [
  {"regexp": "^\\s*File\\s\"(.*?)\",\\sline\\s(\\d+),\\sin\\s(.*)$", "file": 1, "line": 2},
  {"regexp": "^\\s*raise\\s(\\S+)\\('(.*)'\\)$", "message": 2}
]}]}"#;

/// What a Python says of itself: version, executable and prefix, a line each.
const ASK: &str = "import sys, platform; print(platform.python_version(), sys.executable, sys.prefix, sep='\\n')";

/// A Python that is there.
struct Found {
    version: String,
    /// `pythonLocation`
    location: PathBuf,
    /// Directory of the programs.
    bin: PathBuf,
    executable: PathBuf,
    /// Whether it is of the tool cache; on `PATH` it runs as it is.
    cached: bool,
}

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let update = inputs.flag("update-environment", true)?;
    let prereleases = inputs.flag("allow-prereleases", false)?;
    let freethreaded = inputs.flag("freethreaded", false)?;
    let check_latest = inputs.flag("check-latest", false)?;
    let arch = inputs.text_or("architecture", tool::machine());
    let mut last = None;
    let versions = versions(call)?;
    call.say("::group::Installed versions");
    for spec in &versions {
        let request = Request::read(spec, prereleases, freethreaded, arch)?;
        let found = provide(call, outcome, &request, check_latest).await?;
        call.say(format!("Successfully set up CPython ({})", found.version));
        apply(call, outcome, &found, update);
        last = Some(found);
    }
    call.say("::endgroup::");
    let Some(found) = last else {
        call.warn("The `python-version` input is not set.  The version of Python currently in `PATH` will be used.");
        return setup::add_matcher(call, "python", MATCHER);
    };
    install_pip(call, outcome, &found).await?;
    if let Some(manager) = inputs.some("cache") {
        packages::restore(call, outcome, manager, &found.version).await?;
    }
    setup::add_matcher(call, "python", MATCHER)
}

/// The versions asked for; without inputs those of `.python-version`.
fn versions(call: &NativeCall) -> Result<Vec<String>> {
    let inputs = call.inputs();
    let given = inputs.lines("python-version");
    let file = inputs.some("python-version-file");
    if !given.is_empty() {
        if file.is_some() {
            call.warn("Both python-version and python-version-file are given, only python-version is used");
        }
        return Ok(given);
    }
    let (file, text) = match file {
        Some(file) => match setup::workspace_file(call, file)? {
            Some(text) => (file, text),
            None => {
                return Err(Fault::Text(format!("The specified python version file at: {file} doesn't exist.")));
            }
        },
        None => match setup::workspace_file(call, ".python-version")? {
            Some(text) => (".python-version", text),
            None => return Ok(Vec::new()),
        },
    };
    let versions = request::versions_of_file(file, &text)?;
    call.say(format!("{file} asks for {}", versions.join(", ")));
    Ok(versions)
}

async fn provide(
    call: &Arc<NativeCall>,
    outcome: &NativeOutcome,
    request: &Request,
    check_latest: bool,
) -> Result<Found> {
    let arch = &request.arch;
    let mut source = None;
    let mut release = None;
    if check_latest {
        match download::resolve(call, request).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => {
                call.warn(format!("{fault}; the newest version that is here is taken"));
                source = Some(fault.to_string());
            }
        }
    }
    let newest = release.as_ref().and_then(|release| Version::parse(&release.version));
    let fits =
        |version: &Version| newest.as_ref().map_or_else(|| request.range.matches(version), |newest| newest == version);
    let cached = tool::cached(call, "Python", arch).into_iter().find(|(version, _)| fits(version));
    if let Some((_, found)) = cached {
        call.say(format!("Found in cache @ {}", found.dir.display()));
        return Ok(in_cache(found));
    }
    let mut on_path = None;
    if request.is_for_this_machine() {
        for program in request.programs() {
            let Some(found) = ask(call, outcome, &program).await else {
                continue;
            };
            let at = found.executable.display().to_string();
            on_path = Some(format!("has {} at {at}", found.version));
            if Version::parse(&request::semantic(&found.version)).as_ref().is_some_and(fits) {
                call.say(format!(
                    "Python {} is not in the tool cache; PATH has {} at {at}, which satisfies it",
                    request.spec, found.version
                ));
                return with_names(call, found);
            }
        }
    }
    if release.is_none() && source.is_none() {
        match download::resolve(call, request).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = Some(fault.to_string()),
        }
    }
    if let Some(release) = &release {
        match tool::install(call, "Python", arch, release).await {
            Ok(found) => return Ok(in_cache(found)),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = Some(fault.to_string()),
        }
    }
    let example = release.map(|release| release.version).or_else(|| request.example());
    let missing = Missing {
        title: "Python",
        name: "Python",
        spec: &request.spec,
        arch,
        on_path,
        source: source.unwrap_or_default(),
        mirror: MIRROR,
        example: example.unwrap_or_else(|| "3.13.0".to_owned()),
    };
    Err(missing.fault(call))
}

fn in_cache(found: tool::Tool) -> Found {
    let bin = found.dir.join("bin");
    Found { version: found.version, executable: bin.join("python"), bin, location: found.dir, cached: true }
}

/// A program on `PATH` that is a Python.
async fn ask(call: &NativeCall, outcome: &NativeOutcome, program: &str) -> Option<Found> {
    tool::which(call, outcome, program)?;
    let said = tool::says(call, outcome, &[program, "-c", ASK]).await?;
    let mut lines = said.lines();
    let version = lines.next()?.to_owned();
    let executable = PathBuf::from(lines.next()?);
    let location = PathBuf::from(lines.next()?);
    let bin = executable.parent()?.to_owned();
    Some(Found { version, location, bin, executable, cached: false })
}

/// Steps expect a `python`; many systems only have `python3`. Then there is a directory with the missing names.
fn with_names(call: &NativeCall, found: Found) -> Result<Found> {
    let files = Files(&call.place.sandbox);
    let there = |path: &Path| files.resolve(path).is_ok_and(|real| files.host(&real).exists());
    if there(&found.bin.join("python")) {
        return Ok(found);
    }
    let bin = call.place.temp.join(format!("python-{}", found.version)).join("bin");
    let host = files.host(&bin);
    fs::create_dir_all(&host).map_err(Fault::io("make", &bin))?;
    for (name, target) in [("python", &found.executable), ("python3", &found.executable)] {
        match std::os::unix::fs::symlink(target, host.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Fault::io("make", &bin.join(name))(error));
            }
            _ => {}
        }
    }
    Ok(Found { bin, ..found })
}

fn apply(call: &NativeCall, outcome: &mut NativeOutcome, found: &Found, update: bool) {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    outcome.outputs.insert("python-version".to_owned(), found.version.clone());
    outcome.outputs.insert("python-path".to_owned(), text(&found.executable));
    if !update {
        return;
    }
    let location = text(&found.location);
    let library = format!("{location}/lib");
    let of_system = matches!(location.as_str(), "/usr" | "/usr/local");
    for name in ["pythonLocation", "Python_ROOT_DIR", "Python2_ROOT_DIR", "Python3_ROOT_DIR"] {
        outcome.env.insert(name.to_owned(), location.clone());
    }
    outcome.env.insert("PKG_CONFIG_PATH".to_owned(), format!("{library}/pkgconfig"));
    let before = call.env("LD_LIBRARY_PATH");
    // One on PATH finds its libraries without; they must not come before those of other programs.
    if found.cached && !before.split(':').any(|part| part == library) {
        let rest = if before.is_empty() { String::new() } else { format!(":{before}") };
        outcome.env.insert("LD_LIBRARY_PATH".to_owned(), format!("{library}{rest}"));
    }
    if !of_system {
        outcome.path.push(location);
    }
    // A Python of the system is found already; its directory in front would hide other tools.
    if !matches!(text(&found.bin).as_str(), "/usr/bin" | "/bin") {
        outcome.path.push(text(&found.bin));
    }
}

async fn install_pip(call: &NativeCall, outcome: &NativeOutcome, found: &Found) -> Result<()> {
    let Some(version) = call.inputs().some("pip-version") else {
        return Ok(());
    };
    let numbers = version.split('.').count() <= 3 && version.split('.').all(|part| part.parse::<u32>().is_ok());
    if !numbers {
        return Err(Fault::Text(format!("Invalid pip-version \"{version}\"; it is major[.minor][.patch]")));
    }
    let (program, wanted) = (found.executable.to_string_lossy(), format!("pip=={version}"));
    let argv = [&*program, "-m", "pip", "install", "--upgrade", &wanted, "--disable-pip-version-check"];
    let output = tool::run(call, outcome, &argv, &call.place.workspace).await?;
    call.say(String::from_utf8_lossy(&output.stdout));
    if output.status.success() {
        return Ok(());
    }
    Err(Fault::Text(format!("pip {version} cannot be installed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
