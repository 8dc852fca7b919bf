//! `actions/setup-java`.

mod maven;
mod packages;
mod request;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::error::{Fault, Result};
use super::files::Files;
use super::semver::Version;
use super::tool::{self, Missing, Release};
use super::{NativeCall, NativeOutcome, fetch, setup};
use request::{Request, architecture, read, version_of_file};

const API: &str = "https://api.adoptium.net";
const MIRROR: &str = "TRUNKLINE_JAVA_MIRROR";

const MATCHER: &str = r#"{"problemMatcher": [
  {"owner": "java", "pattern": [{"regexp": "^Exception in thread \"(.*?)\" (\\S+): (.*)$", "code": 2, "message": 3}]},
  {"owner": "javac", "pattern": [
    {"regexp": "^([^:\\s][^:]*):(\\d+): (warning|error): (.+)$", "file": 1, "line": 2, "severity": 3, "message": 4}]},
  {"owner": "maven-javac", "pattern": [
    {"regexp": "^\\[(WARNING|ERROR)\\]\\s+(\\S.*?\\.java):\\[(\\d+),(\\d+)\\]\\s+(.+)$",
     "severity": 1, "file": 2, "line": 3, "column": 4, "message": 5}]}
]}"#;

/// Inputs that are not carried out, and why. Refused when set.
const REFUSED: &[(&str, &str)] = &[
    ("gpg-private-key", "keys are not imported; run `gpg --import` in a step of its own"),
    ("jdk-file", "a JDK of your own goes into the tool cache or on PATH"),
    ("jdkfile", "a JDK of your own goes into the tool cache or on PATH"),
];

#[derive(Debug, Deserialize)]
struct Asset {
    binaries: Vec<Binary>,
    version_data: VersionData,
}

#[derive(Debug, Deserialize)]
struct Binary {
    package: Package,
}

#[derive(Debug, Deserialize)]
struct Package {
    link: String,
    checksum: Option<String>,
}

#[derive(Debug, Deserialize)]
struct VersionData {
    semver: String,
}

/// A Java that is there.
struct Found {
    version: Version,
    home: PathBuf,
}

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    for (name, why) in REFUSED {
        if inputs.some(name).is_some() {
            return Err(Fault::Text(format!("the input `{name}` is not supported: {why}")));
        }
    }
    if inputs.flag("verify-signature", false)? {
        call.say("The input `verify-signature` has no effect: the checksum that the source publishes is verified");
    }
    let mut distribution = inputs.text("distribution").to_lowercase();
    let mut versions = inputs.lines("java-version");
    if versions.is_empty() {
        let file = inputs.some("java-version-file");
        let file = file.ok_or_else(|| Fault::text("java-version or java-version-file input expected"))?;
        let text = setup::workspace_file(call, file)?
            .ok_or_else(|| Fault::Text(format!("the version file {file} does not exist")))?;
        let (version, named) = version_of_file(file, &text)
            .ok_or_else(|| Fault::Text(format!("No supported version was found in file {file}")))?;
        distribution = named.unwrap_or(distribution);
        versions.push(version);
    }
    if distribution.is_empty() {
        return Err(Fault::text("distribution input is required"));
    }
    let default = inputs.flag("set-default", true)?;
    call.say("::group::Installed distributions");
    for spec in &versions {
        let request = read(call, spec, &distribution)?;
        let found = provide(call, outcome, &request).await?;
        apply(outcome, &request, &found, default);
        call.say(format!("Java {} ({}) at {}", found.version, request.distribution, found.home.display()));
    }
    call.say("::endgroup::");
    if inputs.flag("problem-matcher", true)? {
        setup::add_matcher(call, "java", MATCHER)?;
    }
    maven::configure(call, outcome)?;
    if let Some(manager) = inputs.some("cache") {
        packages::restore(call, outcome, manager).await?;
    }
    Ok(())
}

async fn provide(call: &Arc<NativeCall>, outcome: &NativeOutcome, request: &Request) -> Result<Found> {
    let inputs = call.inputs();
    let folder = format!("Java_{}_{}", request.distribution, request.package);
    let fresh = inputs.flag("check-latest", false)? || inputs.flag("force-download", false)? || request.latest;
    let mut source = None;
    let mut release = None;
    if fresh {
        match resolve(call, request).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => {
                call.warn(format!("{fault}; the newest version that is here is taken"));
                source = Some(fault.to_string());
            }
        }
    }
    let newest = release.as_ref().map(|(version, _)| version.clone());
    let fits =
        |version: &Version| newest.as_ref().map_or_else(|| request.range.matches(version), |newest| newest == version);
    let mut cached: Vec<Found> = tool::cached(call, &folder, &request.arch)
        .into_iter()
        .filter(|(_, tool)| tool.version.contains("-ea") == request.early)
        .filter_map(|(_, tool)| {
            // The tool cache has no `+` in its paths.
            let version = tool.version.replace("-ea.", "+").replace("-ea", "").replacen('-', "+", 1);
            Some(Found { version: Version::parse(&version)?, home: tool.dir })
        })
        .filter(|found| fits(&found.version))
        .collect();
    cached.sort_by(|a, b| b.version.cmp(&a.version));
    if let Some(found) = cached.into_iter().next() {
        call.say(format!("Resolved Java {} from tool-cache", found.version));
        return Ok(found);
    }
    let mut on_path = None;
    if request.arch == architecture(tool::machine()) {
        for program in candidates(call, outcome) {
            let Some((found, vendor)) = ask(call, outcome, &program).await else {
                continue;
            };
            let at = found.home.display().to_string();
            on_path = Some(format!("has {} ({vendor}) at {at}", found.version));
            let files = Files(&call.place.sandbox);
            let compiler = files.resolve(&found.home.join("bin/javac")).is_ok_and(|real| files.host(&real).exists());
            if fits(&found.version) && (compiler || request.package.starts_with("jre")) {
                call.say(format!(
                    "Java {} ({}) is not in the tool cache; there is {} ({vendor}) at {at}, whose version satisfies it",
                    request.spec, request.distribution, found.version
                ));
                return Ok(found);
            }
        }
    }
    if release.is_none() && source.is_none() {
        match resolve(call, request).await {
            Ok(found) => release = Some(found),
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = Some(fault.to_string()),
        }
    }
    if let Some((version, release)) = &release {
        match tool::install(call, &folder, &request.arch, release).await {
            Ok(found) => {
                return Ok(Found { version: version.clone(), home: found.dir });
            }
            Err(Fault::Cancelled) => return Err(Fault::Cancelled),
            Err(fault) => source = Some(fault.to_string()),
        }
    }
    let example = release.map(|(_, release)| release.version);
    let example =
        example.or_else(|| Version::lenient(&request.spec).map(|version| version.to_string().replace('+', "-")));
    let missing = Missing {
        title: "Java",
        name: &folder,
        spec: &request.spec,
        arch: &request.arch,
        on_path,
        source: source.unwrap_or_default(),
        mirror: MIRROR,
        example: example.unwrap_or_else(|| "21.0.5-11".to_owned()),
    };
    Err(missing.fault(call))
}

/// Java programs that the job knows of.
fn candidates(call: &NativeCall, outcome: &NativeOutcome) -> Vec<String> {
    let home = Some(call.env("JAVA_HOME")).filter(|home| !home.is_empty()).map(|home| format!("{home}/bin/java"));
    let path = tool::which(call, outcome, "java").map(|path| path.to_string_lossy().into_owned());
    home.into_iter().chain(path).collect()
}

/// What a Java says of itself, and its vendor.
async fn ask(call: &NativeCall, outcome: &NativeOutcome, program: &str) -> Option<(Found, String)> {
    let argv = [program, "-XshowSettings:properties", "-version"];
    let output = tool::run(call, outcome, &argv, &call.place.workspace).await.ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix('='))
            .map(|value| value.trim().to_owned())
    };
    let version = installed_version(&value("java.version")?)?;
    let mut home = PathBuf::from(value("java.home")?);
    // Java 8 names the runtime within the JDK.
    if home.ends_with("jre") {
        home.pop();
    }
    Some((Found { version, home }, value("java.vendor").unwrap_or_default()))
}

/// `17.0.8`, `21`, `1.8.0_392`.
fn installed_version(text: &str) -> Option<Version> {
    if let Some(rest) = text.strip_prefix("1.8.0") {
        let update = rest.trim_start_matches('_').split('-').next().unwrap_or_default();
        return Some(Version::new(8, 0, update.parse().unwrap_or(0)));
    }
    let numbers = text.split(['-', '+']).next().unwrap_or(text);
    Version::lenient(&numbers.split('.').take(3).collect::<Vec<_>>().join("."))
}

fn apply(outcome: &mut NativeOutcome, request: &Request, found: &Found, default: bool) {
    let home = found.home.to_string_lossy().into_owned();
    let named = format!("JAVA_HOME_{}_{}", found.version.major, request.arch.to_uppercase());
    outcome.env.insert(named, home.clone());
    if default {
        outcome.env.insert("JAVA_HOME".to_owned(), home.clone());
        outcome.path.push(Path::new(&home).join("bin").to_string_lossy().into_owned());
    }
    outcome.outputs.insert("distribution".to_owned(), request.distribution.to_owned());
    outcome.outputs.insert("version".to_owned(), found.version.to_string());
    outcome.outputs.insert("path".to_owned(), home);
}

/// The newest build of Temurin; other distributions are not downloaded.
async fn resolve(call: &NativeCall, request: &Request) -> Result<(Version, Release)> {
    if !matches!(request.distribution, "Temurin-Hotspot" | "Adopt-Hotspot") {
        let text = format!("{} is not downloaded, only temurin is", request.distribution);
        return Err(Fault::Text(text));
    }
    let base = match call.env(MIRROR) {
        "" => API,
        mirror => mirror.trim_end_matches('/'),
    };
    let span = match Version::lenient(request.spec.trim_end_matches("-ea")) {
        Some(version) => format!("%5B{},{})", version.major, version.major + 1),
        None => "%5B1.0,100.0%5D".to_owned(),
    };
    let kind = if request.early { "ea" } else { "ga" };
    let (package, arch) = (&request.package, &request.arch);
    let url = format!(
        "{base}/v3/assets/version/{span}?project=jdk&vendor=adoptium&heap_size=normal&jvm_impl=hotspot&os=linux\
         &architecture={arch}&image_type={package}&release_type={kind}&sort_order=DESC&page_size=20&page=0"
    );
    let assets: Vec<Asset> = fetch::json(call, &url).await?;
    pick(assets, request).ok_or_else(|| Fault::Text(format!("{base} has no Java {} for {arch}", request.spec)))
}

fn pick(assets: Vec<Asset>, request: &Request) -> Option<(Version, Release)> {
    let fitting = assets.into_iter().filter_map(|asset| {
        let version = Version::parse(&asset.version_data.semver.replace("-beta+", "+"))?;
        let package = asset.binaries.into_iter().next()?.package;
        let spelled = version.to_string().replace('+', if request.early { "-ea." } else { "-" });
        let release = Release { version: spelled, url: package.link, sha256: package.checksum };
        request.range.matches(&version).then_some((version, release))
    });
    fitting.max_by(|(a, _), (b, _)| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed() {
        for (text, want) in [
            ("17.0.8", "17.0.8"),
            ("21", "21.0.0"),
            ("1.8.0_392", "8.0.392"),
            ("11.0.2.1", "11.0.2"),
            ("22-ea", "22.0.0"),
        ] {
            assert_eq!(installed_version(text).unwrap().to_string(), want);
        }
    }
}
