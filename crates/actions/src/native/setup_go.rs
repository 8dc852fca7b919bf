//! `actions/setup-go`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::error::{Fault, Result};
use super::files::Files;
use super::hash_files::hash_files;
use super::semver::{Range, Version};
use super::setup::{self, Dependencies};
use super::tool::{self, Missing, Release, Tool};
use super::{NativeCall, NativeOutcome, blocking, fetch};

const DOWNLOADS: &str = "https://go.dev/dl";
const MIRROR: &str = "GO_DOWNLOAD_BASE_URL";

const MATCHER: &str = r#"{"problemMatcher": [{"owner": "go", "pattern": [
  {"regexp": "^\\s*(\\S.*\\.go):(?:(\\d+):(\\d+):)? (.*)$", "file": 1, "line": 2, "column": 3, "message": 4}
]}]}"#;

/// An entry of the list of downloads.
#[derive(Debug, Deserialize)]
struct Listed {
    version: String,
    files: Vec<ListedFile>,
}

#[derive(Debug, Deserialize)]
struct ListedFile {
    filename: String,
    os: String,
    arch: String,
    #[serde(default)]
    sha256: String,
    #[serde(default)]
    kind: String,
}

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let spec = setup::version_input(call, "go-version", "go-version-file", |name, text| {
        Ok(version_of_file(name, text, call.env("GOTOOLCHAIN")))
    })?;
    // The version asked for is the one that runs: Go must not fetch another by itself.
    outcome.env.insert("GOTOOLCHAIN".to_owned(), "local".to_owned());
    let cache = inputs.flag("cache", setup::major(call) >= 4)?;
    let check_latest = inputs.flag("check-latest", false)?;
    let arch = inputs.text_or("architecture", tool::machine());
    call.say(format!("Setup go version spec {}", spec.as_deref().unwrap_or("")));
    match &spec {
        Some(spec) => provide(call, outcome, spec, arch, check_latest).await?,
        None => call.warn("go-version was not given; the Go on PATH is used"),
    }
    let said = tool::says(call, outcome, &["go", "version"]).await;
    let said = said.ok_or_else(|| Fault::text("there is no `go` on PATH that runs; give go-version"))?;
    let version = version_in(&said).unwrap_or_default();
    add_bin(call, outcome).await?;
    if cache && let Err(fault) = restore(call, outcome, &version).await {
        call.warn(format!("Restore cache failed: {fault}"));
    }
    setup::add_matcher(call, "go", MATCHER)?;
    call.say(&said);
    outcome.outputs.insert("go-version".to_owned(), version);
    if let Some(env) = tool::says(call, outcome, &["go", "env"]).await {
        call.say("::group::go env");
        call.say(env);
        call.say("::endgroup::");
    }
    Ok(())
}

async fn provide(
    call: &Arc<NativeCall>,
    outcome: &mut NativeOutcome,
    spec: &str,
    arch: &str,
    check_latest: bool,
) -> Result<()> {
    let alias = matches!(spec, "stable" | "oldstable");
    let range = match alias {
        true => Range::parse("*"),
        false => Range::parse(&semantic(spec)),
    };
    let range = range.ok_or_else(|| Fault::Text(format!("`{spec}` is no version or range of Go")))?;
    let mut source = "not asked".to_owned();
    let mut release = None;
    // An alias means something only to the source; a range is looked for here first.
    if alias || check_latest {
        match resolve(call, spec, &range, arch).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => {
                source = fault.to_string();
                call.warn(format!("{source}; the newest version that is here is taken"));
            }
        }
    }
    let exact = release.as_ref().and_then(|release| Range::parse(&release.version));
    if let Some(found) = tool::find(call, "go", exact.as_ref().unwrap_or(&range), arch) {
        call.say(format!("Found in cache @ {}", found.dir.display()));
        take(call, outcome, &found);
        return Ok(());
    }
    let (on_path, fits) = on_path(call, outcome, exact.as_ref().unwrap_or(&range), arch).await;
    if fits {
        call.say(format!(
            "Go {spec} is not in the tool cache; PATH {}, which satisfies it",
            on_path.as_deref().unwrap_or("")
        ));
        return Ok(());
    }
    if release.is_none() && source == "not asked" {
        match resolve(call, spec, &range, arch).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = fault.to_string(),
        }
    }
    if let Some(release) = &release {
        match tool::install(call, "go", arch, release).await {
            Ok(found) => {
                take(call, outcome, &found);
                return Ok(());
            }
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = fault.to_string(),
        }
    }
    let example =
        release.map(|release| release.version).or_else(|| example(spec)).unwrap_or_else(|| "1.24.0".to_owned());
    let missing = Missing { title: "Go", name: "go", spec, arch, on_path, source, mirror: MIRROR, example };
    Err(missing.fault(call))
}

/// `1.23` as a full version.
fn example(spec: &str) -> Option<String> {
    Version::lenient(&semantic(spec)).map(|version| version.to_string())
}

fn take(call: &NativeCall, outcome: &mut NativeOutcome, found: &Tool) {
    outcome.path.push(found.dir.join("bin").to_string_lossy().into_owned());
    call.say("Added go to the path");
    // A GOROOT from elsewhere would break this Go; very old ones need it.
    let old = Version::parse(&found.version).is_some_and(|version| version < Version::new(1, 9, 0));
    if old || !call.env("GOROOT").is_empty() {
        outcome.env.insert("GOROOT".to_owned(), found.dir.to_string_lossy().into_owned());
    }
}

/// What Go is on `PATH`, and whether it fits.
async fn on_path(call: &NativeCall, outcome: &NativeOutcome, range: &Range, arch: &str) -> (Option<String>, bool) {
    let Some(program) = tool::which(call, outcome, "go") else {
        return (None, false);
    };
    let said = tool::says(call, outcome, &["go", "version"]).await;
    let Some(version) = said.as_deref().and_then(version_in) else {
        return (Some(format!("has {}, which does not run", program.display())), false);
    };
    let fits =
        arch == tool::machine() && Version::lenient(&semantic(&version)).is_some_and(|version| range.matches(&version));
    (Some(format!("has go {version} at {}", program.display())), fits)
}

/// The newest release that the source has.
async fn resolve(call: &NativeCall, spec: &str, range: &Range, arch: &str) -> Result<Release> {
    let base = call.inputs().some("go-download-base-url").unwrap_or_else(|| call.env(MIRROR));
    let base = if base.is_empty() { DOWNLOADS } else { base.trim_end_matches('/') };
    let listed: Result<Vec<Listed>> = fetch::json(call, &format!("{base}/?mode=json&include=all")).await;
    let listed = match listed {
        Ok(listed) => listed,
        // A mirror may have the files only.
        Err(fault) if base != DOWNLOADS && !matches!(fault, Fault::Cancelled) => {
            let version = Version::parse(&semantic(spec)).ok_or(fault)?;
            let url = format!("{base}/go{spec}.linux-{}.tar.gz", go_arch(arch), spec = spec.trim_start_matches('v'));
            return Ok(Release { version: version.to_string(), url, sha256: None });
        }
        Err(fault) => return Err(fault),
    };
    pick(&listed, spec, range, arch, base)
        .ok_or_else(|| Fault::Text(format!("{base} has no Go {spec} for linux/{}", go_arch(arch))))
}

fn pick(listed: &[Listed], spec: &str, range: &Range, arch: &str, base: &str) -> Option<Release> {
    let mut all: Vec<(Version, &ListedFile)> = listed
        .iter()
        .filter_map(|one| {
            let version = Version::lenient(&semantic(one.version.strip_prefix("go")?))?;
            let fits = |file: &&ListedFile| {
                file.os == "linux" && file.arch == go_arch(arch) && (file.kind.is_empty() || file.kind == "archive")
            };
            Some((version, one.files.iter().find(fits)?))
        })
        .filter(|(version, _)| range.matches(version))
        .collect();
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    let newest = all.first().map(|(version, _)| (version.major, version.minor));
    let mut all = all.into_iter();
    let found = match spec {
        "oldstable" => all.find(|(version, _)| Some((version.major, version.minor)) != newest),
        _ => all.next(),
    };
    found.map(|(version, file)| Release {
        version: version.to_string(),
        url: format!("{base}/{}", file.filename),
        sha256: Some(file.sha256.clone()).filter(|sum| !sum.is_empty()),
    })
}

fn go_arch(arch: &str) -> &str {
    match arch {
        "x64" => "amd64",
        "ia32" | "x32" | "x86" => "386",
        "arm" => "armv6l",
        other => other,
    }
}

/// `1.22rc1` as semver has it: `1.22.0-rc.1`.
fn semantic(version: &str) -> String {
    let version = version.trim().trim_start_matches("go");
    for word in ["beta", "rc"] {
        if let Some((numbers, count)) = version.split_once(word)
            && !numbers.ends_with(['-', '.'])
            && numbers.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        {
            let full = if numbers.matches('.').count() < 2 { ".0" } else { "" };
            return format!("{numbers}{full}-{word}.{count}");
        }
    }
    version.to_owned()
}

/// From `go version go1.23.4 linux/amd64`.
fn version_in(said: &str) -> Option<String> {
    said.split_whitespace().nth(2)?.strip_prefix("go").map(str::to_owned)
}

fn version_of_file(name: &str, text: &str, toolchain: &str) -> Option<String> {
    let directive = |word: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split("//").next().unwrap_or_default().split_whitespace();
            (words.next() == Some(word)).then(|| words.next().map(str::to_owned)).flatten()
        })
    };
    match name {
        "go.mod" | "go.work" => {
            let pinned = directive("toolchain").and_then(|name| name.strip_prefix("go").map(str::to_owned));
            pinned.filter(|_| toolchain != "local").or_else(|| directive("go"))
        }
        ".tool-versions" => setup::tool_versions(text, "golang"),
        _ => setup::first_line(text),
    }
}

/// Programs that `go install` makes are found.
async fn add_bin(call: &NativeCall, outcome: &mut NativeOutcome) -> Result<()> {
    let Some(path) = tool::says(call, outcome, &["go", "env", "GOPATH"]).await else {
        return Ok(());
    };
    let first = path.split(':').next().unwrap_or_default();
    let bin = Path::new(first).join("bin");
    let files = Files(&call.place.sandbox);
    let made = files.resolve(&bin).and_then(|real| fs::create_dir_all(files.host(&real)));
    made.map_err(Fault::io("make", &bin))?;
    outcome.path.push(bin.to_string_lossy().into_owned());
    Ok(())
}

async fn restore(call: &Arc<NativeCall>, outcome: &mut NativeOutcome, version: &str) -> Result<()> {
    let mut paths = Vec::new();
    for variable in ["GOMODCACHE", "GOCACHE"] {
        paths.extend(tool::says(call, outcome, &["go", "env", variable]).await);
    }
    if paths.is_empty() {
        return Err(Fault::text("Go names no cache directories"));
    }
    let pattern = match call.inputs().some("cache-dependency-path") {
        Some(pattern) => pattern.to_owned(),
        None => {
            // Before version 6 it was the other file.
            let name = if setup::major(call) >= 6 { "go.mod" } else { "go.sum" };
            if setup::workspace_file(call, name)?.is_none() {
                let workspace = call.place.workspace.display();
                return Err(Fault::Text(format!(
                    "Dependencies file is not found in {workspace}. Supported file pattern: {name}"
                )));
            }
            call.place.workspace.join(name).to_string_lossy().into_owned()
        }
    };
    let worker = Arc::clone(call);
    let hash = blocking(move || hash_files(&worker, &pattern)).await?;
    let hash =
        hash.ok_or_else(|| Fault::text("Some specified paths were not resolved, unable to cache dependencies."))?;
    // The image's name is missing from upstream's key, too, where there is no image.
    let image = match call.env("ImageOS") {
        "" => "undefined",
        image => image,
    };
    let (os, arch) = (setup::runner_os(call), tool::machine());
    let key = format!("setup-go-{os}-{arch}-{image}-go-{version}-{hash}");
    let dependencies = Dependencies { title: "Go", paths, key, restore_keys: Vec::new() };
    let matched = setup::restore(call, outcome, dependencies).await?;
    outcome.outputs.insert("cache-hit".to_owned(), matched.is_some().to_string());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go() {
        for (text, want) in
            [("1.22rc1", "1.22.0-rc.1"), ("go1.8.5beta1", "1.8.5-beta.1"), ("1.23.4", "1.23.4"), ("^1.22", "^1.22")]
        {
            assert_eq!(semantic(text), want);
        }
        assert_eq!(version_in("go version go1.23.4 linux/amd64").as_deref(), Some("1.23.4"));
    }

    #[test]
    fn version_files() {
        let module = "module x\n\ngo 1.21 // least\n\ntoolchain go1.22.5\n";
        for (name, text, toolchain, want) in [
            ("go.mod", module, "", Some("1.22.5")),
            ("go.mod", module, "local", Some("1.21")),
            ("go.work", "go 1.20.3\n", "", Some("1.20.3")),
            ("go.mod", "module x\n", "", None),
            (".go-version", "1.19\n", "", Some("1.19")),
            (".tool-versions", "golang 1.18.1\n", "", Some("1.18.1")),
        ] {
            assert_eq!(version_of_file(name, text, toolchain).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn releases() {
        let text = r#"[
            {"version": "go1.24rc1", "files": [{"filename": "go1.24rc1.linux-amd64.tar.gz", "os": "linux", "arch": "amd64"}]},
            {"version": "go1.23.4", "files": [
                {"filename": "go1.23.4.src.tar.gz", "os": "", "arch": ""},
                {"filename": "go1.23.4.linux-amd64.tar.gz", "os": "linux", "arch": "amd64", "sha256": "ab", "kind": "archive"}]},
            {"version": "go1.23.3", "files": [{"filename": "go1.23.3.linux-amd64.tar.gz", "os": "linux", "arch": "amd64"}]},
            {"version": "go1.22.9", "files": [{"filename": "go1.22.9.linux-amd64.tar.gz", "os": "linux", "arch": "amd64"}]}
        ]"#;
        let listed: Vec<Listed> = serde_json::from_str(text).unwrap();
        let any = Range::parse("*").unwrap();
        for (spec, want) in [
            ("stable", Some("1.23.4")),
            ("oldstable", Some("1.22.9")),
            ("1.23", Some("1.23.4")),
            ("1.23.3", Some("1.23.3")),
            ("1.24rc1", Some("1.24.0-rc.1")),
            ("1.25", None),
        ] {
            let range = Range::parse(&semantic(spec)).unwrap_or_else(|| any.clone());
            let release = pick(&listed, spec, &range, "x64", "https://m");
            assert_eq!(release.as_ref().map(|release| release.version.as_str()), want, "{spec}");
        }
        let release = pick(&listed, "1.23", &Range::parse("1.23").unwrap(), "x64", "https://m").unwrap();
        assert_eq!(
            (release.url.as_str(), release.sha256.as_deref()),
            ("https://m/go1.23.4.linux-amd64.tar.gz", Some("ab"))
        );
    }
}
