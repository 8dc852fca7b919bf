//! `actions/setup-node`.

mod packages;
mod registry;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::error::{Fault, Result};
use super::semver::{Range, Version};
use super::tool::{self, Missing, Release, Tool};
use super::{NativeCall, NativeOutcome, fetch, setup};

const DOWNLOADS: &str = "https://nodejs.org";
const MIRROR: &str = "NODEJS_ORG_MIRROR";

const TSC: &str = r#"{"problemMatcher": [{"owner": "tsc", "pattern": [
  {"regexp": "^([^\\s].*?)[(:](\\d+)[,:](\\d+)(?:\\):\\s+|\\s+-\\s+)(error|warning|info)\\s+TS(\\d+)\\s*:\\s*(.*)$",
   "file": 1, "line": 2, "column": 3, "severity": 4, "code": 5, "message": 6}
]}]}"#;
const ESLINT_STYLISH: &str = r#"{"problemMatcher": [{"owner": "eslint-stylish", "pattern": [
  {"regexp": "^\\s*(\\S.*)$", "file": 1},
  {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning|info)\\s+(.*?)\\s\\s+(\\S+)$",
   "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}
]}]}"#;
const ESLINT_COMPACT: &str = r#"{"problemMatcher": [{"owner": "eslint-compact", "pattern": [
  {"regexp": "^(.+):\\sline\\s(\\d+),\\scol\\s(\\d+),\\s([Ee]rror|[Ww]arning|[Ii]nfo)\\s-\\s(.+?)\\s\\(([^()]+)\\)$",
   "file": 1, "line": 2, "column": 3, "severity": 4, "message": 5, "code": 6}
]}]}"#;

/// Names of long-term releases and their majors; newer ones are asked for.
const LTS: &[(&str, u64)] = &[
    ("argon", 4),
    ("boron", 6),
    ("carbon", 8),
    ("dubnium", 10),
    ("erbium", 12),
    ("fermium", 14),
    ("gallium", 16),
    ("hydrogen", 18),
    ("iron", 20),
    ("jod", 22),
    ("krypton", 24),
];

#[derive(Debug, Deserialize)]
struct Listed {
    version: String,
    files: Vec<String>,
    /// `false`, or the name.
    lts: Value,
}

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let spec = setup::version_input(call, "node-version", "node-version-file", version_of_file)?;
    let check_latest = inputs.loose_flag("check-latest");
    let arch = inputs.text_or("architecture", tool::machine());
    match &spec {
        Some(spec) => provide(call, outcome, spec, arch, check_latest).await?,
        None if inputs.some("architecture").is_some() => {
            call.warn("`architecture` without `node-version` changes nothing");
        }
        None => {}
    }
    call.say("::group::Environment details");
    for name in ["node", "npm", "yarn"] {
        let version = tool::says(call, outcome, &[name, "--version"]).await.unwrap_or_default();
        call.say(format!("{name}: {version}"));
        if name == "node" {
            outcome.outputs.insert("node-version".to_owned(), version);
        }
    }
    call.say("::endgroup::");
    if let Some(url) = inputs.some("registry-url") {
        registry::configure(call, outcome, url)?;
    }
    packages::restore(call, outcome).await?;
    setup::add_matcher(call, "tsc", TSC)?;
    setup::add_matcher(call, "eslint-stylish", ESLINT_STYLISH)?;
    setup::add_matcher(call, "eslint-compact", ESLINT_COMPACT)
}

/// What a request comes down to before any source is asked.
#[derive(Debug)]
enum Wanted {
    Range(Range),
    Latest,
    /// Counted from the newest back.
    Lts(usize),
    LtsName(String),
}

fn read_spec(spec: &str) -> Option<Wanted> {
    if let Some(alias) = spec.strip_prefix("lts/") {
        let alias = alias.to_lowercase();
        if alias == "*" {
            return Some(Wanted::Lts(0));
        }
        if let Some(back) = alias.strip_prefix('-') {
            return back.parse().ok().map(Wanted::Lts);
        }
        let known = LTS.iter().find(|(name, _)| *name == alias);
        return Some(known.map_or(Wanted::LtsName(alias), |(_, major)| major_only(*major)));
    }
    match spec {
        "latest" | "current" | "node" => Some(Wanted::Latest),
        other => Range::parse(other).map(Wanted::Range),
    }
}

fn major_only(major: u64) -> Wanted {
    Range::parse(&major.to_string()).map_or(Wanted::Latest, Wanted::Range)
}

async fn provide(
    call: &Arc<NativeCall>,
    outcome: &mut NativeOutcome,
    spec: &str,
    arch: &str,
    check_latest: bool,
) -> Result<()> {
    let wanted = read_spec(spec).ok_or_else(|| Fault::Text(format!("`{spec}` is no version or range of Node.js")))?;
    let alias = !matches!(wanted, Wanted::Range(_));
    let mut source = None;
    let mut release = None;
    if alias || check_latest {
        match resolve(call, spec, &wanted, arch).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => {
                call.warn(format!("{fault}; the newest version that is here is taken"));
                source = Some(fault.to_string());
            }
        }
    }
    let fits = |version: &Version| match (&release, &wanted) {
        (Some(release), _) => Version::parse(&release.version).as_ref() == Some(version),
        (None, Wanted::Range(range)) => range.matches(version),
        (None, Wanted::Latest) => !version.is_prerelease(),
        // Without the source's list: long-term releases have even majors, and which name is whose is not known.
        (None, Wanted::Lts(_)) => version.major.is_multiple_of(2) && !version.is_prerelease(),
        (None, Wanted::LtsName(_)) => false,
    };
    let cached = tool::cached(call, "node", arch).into_iter().find(|(version, _)| fits(version));
    if let Some((_, found)) = cached {
        call.say(format!("Found in cache @ {}", found.dir.display()));
        take(outcome, &found);
        return Ok(());
    }
    let mut on_path = None;
    if let Some(program) = tool::which(call, outcome, "node") {
        let said = tool::says(call, outcome, &["node", "--version"]).await.unwrap_or_default();
        on_path = Some(format!("has {said} at {}", program.display()));
        if arch == tool::machine() && Version::parse(&said).as_ref().is_some_and(fits) {
            call.say(format!(
                "Node.js {spec} is not in the tool cache; PATH has {said} at {}, which satisfies it",
                program.display()
            ));
            return Ok(());
        }
    }
    if release.is_none() && source.is_none() {
        match resolve(call, spec, &wanted, arch).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = Some(fault.to_string()),
        }
    }
    if let Some(release) = &release {
        match tool::install(call, "node", arch, release).await {
            Ok(found) => {
                take(outcome, &found);
                return Ok(());
            }
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = Some(fault.to_string()),
        }
    }
    let example = release.map(|release| release.version);
    let example = example.or_else(|| Version::lenient(spec).map(|version| version.to_string()));
    let missing = Missing {
        title: "Node.js",
        name: "node",
        spec,
        arch,
        on_path,
        source: source.unwrap_or_default(),
        mirror: MIRROR,
        example: example.unwrap_or_else(|| "22.0.0".to_owned()),
    };
    Err(missing.fault(call))
}

fn take(outcome: &mut NativeOutcome, found: &Tool) {
    outcome.path.push(found.dir.join("bin").to_string_lossy().into_owned());
}

async fn resolve(call: &NativeCall, spec: &str, wanted: &Wanted, arch: &str) -> Result<Release> {
    let base = call.inputs().some("mirror").unwrap_or_else(|| call.env(MIRROR));
    let base = if base.is_empty() { DOWNLOADS } else { base.trim_end_matches('/') };
    let base = base.strip_suffix("/dist").unwrap_or(base);
    let listed: Vec<Listed> = fetch::json(call, &format!("{base}/dist/index.json")).await?;
    let version = pick(&listed, wanted, arch)
        .ok_or_else(|| Fault::Text(format!("{base} has no Node.js {spec} for linux-{arch}")))?;
    let file = format!("node-v{version}-linux-{arch}.tar.gz");
    let sums = fetch::text(call, &format!("{base}/dist/v{version}/SHASUMS256.txt")).await;
    let sha256 = sums.ok().and_then(|sums| checksum(&sums, &file));
    Ok(Release { version: version.to_string(), url: format!("{base}/dist/v{version}/{file}"), sha256 })
}

fn pick(listed: &[Listed], wanted: &Wanted, arch: &str) -> Option<Version> {
    let platform = format!("linux-{arch}");
    let mut all: Vec<(Version, Option<String>)> = listed
        .iter()
        .filter(|one| one.files.contains(&platform))
        .filter_map(|one| Some((Version::parse(&one.version)?, one.lts.as_str().map(str::to_lowercase))))
        .collect();
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut majors: Vec<u64> = all.iter().filter(|(_, lts)| lts.is_some()).map(|(version, _)| version.major).collect();
    majors.dedup();
    let found = all.into_iter().find(|(version, lts)| match wanted {
        Wanted::Range(range) => range.matches(version),
        Wanted::Latest => true,
        Wanted::Lts(back) => majors.get(*back) == Some(&version.major),
        Wanted::LtsName(name) => lts.as_ref() == Some(name),
    });
    found.map(|(version, _)| version)
}

/// The sum of a file in `sum  name` lines.
pub(super) fn checksum(sums: &str, file: &str) -> Option<String> {
    sums.lines().find_map(|line| {
        let (sum, name) = line.split_once(char::is_whitespace)?;
        (name.trim().trim_start_matches('*') == file && sum.len() == 64).then(|| sum.to_owned())
    })
}

fn version_of_file(name: &str, text: &str) -> Result<Option<String>> {
    if let Ok(Value::Object(manifest)) = serde_json::from_str::<Value>(text) {
        let manifest = Value::Object(manifest);
        let at = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let runtime = manifest.pointer("/devEngines/runtime").map(|runtime| match runtime {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        });
        let runtime = runtime.into_iter().flatten().find_map(|one| {
            let name = one.get("name")?.as_str()?;
            name.eq_ignore_ascii_case("node").then(|| one.get("version")?.as_str().map(str::to_owned)).flatten()
        });
        return Ok(at("/volta/node").or(runtime).or_else(|| at("/engines/node")));
    }
    if name.ends_with(".toml") {
        let table: toml::Table = text.parse().map_err(|error| Fault::Text(format!("{name} is not TOML: {error}")))?;
        let node = table.get("tools").and_then(|tools| tools.get("node"));
        let version = node.and_then(|node| node.as_str().or_else(|| node.get("version")?.as_str()));
        return Ok(version.map(str::to_owned));
    }
    if let Some(version) = ["nodejs", "node"].iter().find_map(|tool| setup::tool_versions(text, tool)) {
        return Ok(Some(version.trim_start_matches('v').to_owned()));
    }
    Ok(setup::first_line(text).map(|line| line.trim_start_matches('v').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let text = r#"[
            {"version": "v23.1.0", "files": ["linux-x64"], "lts": false},
            {"version": "v22.11.0", "files": ["linux-x64", "osx-arm64-tar"], "lts": "Jod"},
            {"version": "v22.5.0", "files": ["linux-x64"], "lts": false},
            {"version": "v20.18.0", "files": ["linux-x64", "linux-arm64"], "lts": "Iron"},
            {"version": "v26.1.0", "files": ["aix-ppc64"], "lts": "Later"}
        ]"#;
        let listed: Vec<Listed> = serde_json::from_str(text).unwrap();
        for (spec, arch, want) in [
            ("latest", "x64", Some("23.1.0")),
            ("lts/*", "x64", Some("22.11.0")),
            ("lts/-1", "x64", Some("20.18.0")),
            ("lts/Iron", "x64", Some("20.18.0")),
            ("22", "x64", Some("22.11.0")),
            ("v22.5.0", "x64", Some("22.5.0")),
            (">=20 <22", "x64", Some("20.18.0")),
            ("22.x", "arm64", None),
            ("lts/later", "x64", None),
        ] {
            let wanted = read_spec(spec).unwrap();
            assert_eq!(pick(&listed, &wanted, arch).map(|version| version.to_string()).as_deref(), want, "{spec}");
        }
        assert!(read_spec("newest").is_none());
    }

    #[test]
    fn version_files() {
        for (name, text, want) in [
            (".nvmrc", "v20.1.0\n", Some("20.1.0")),
            (".nvmrc", "lts/iron\n", Some("lts/iron")),
            (".node-version", "18\n", Some("18")),
            (".tool-versions", "ruby 3\nnodejs 20.9.0\n", Some("20.9.0")),
            ("package.json", r#"{"engines": {"node": ">=18"}}"#, Some(">=18")),
            ("package.json", r#"{"engines": {"node": ">=18"}, "volta": {"node": "20.5.1"}}"#, Some("20.5.1")),
            ("package.json", r#"{"devEngines": {"runtime": [{"name": "node", "version": "^22"}]}}"#, Some("^22")),
            ("package.json", "{}", None),
            ("mise.toml", "[tools]\nnode = \"22\"\n", Some("22")),
            ("mise.toml", "[tools]\nnode = { version = \"21\" }\n", Some("21")),
        ] {
            assert_eq!(version_of_file(name, text).unwrap().as_deref(), want, "{name} {text}");
        }
    }

    #[test]
    fn checksums() {
        let sum = "a".repeat(64);
        let sums = format!("{sum}  node-v1-linux-x64.tar.gz\n{} *other.txt\n", "b".repeat(64));
        assert_eq!(checksum(&sums, "node-v1-linux-x64.tar.gz"), Some(sum));
        assert_eq!(checksum(&sums, "other.txt"), Some("b".repeat(64)));
        assert_eq!(checksum(&sums, "none"), None);
    }
}
