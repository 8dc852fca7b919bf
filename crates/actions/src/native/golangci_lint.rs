//! `golangci/golangci-lint-action`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::error::{Fault, Result};
use super::files::{Files, absolute};
use super::semver::{Range, Version};
use super::setup::{self, Dependencies};
use super::tool::{self, Missing, Release};
use super::{NativeCall, NativeOutcome, fetch, setup_node};

const TOOL: &str = "golangci-lint";
const DOWNLOADS: &str = "https://github.com/golangci/golangci-lint/releases/download";
const MIRROR: &str = "TRUNKLINE_GOLANGCI_LINT_MIRROR";
/// Which release a minor version, or `latest`, is.
const VERSIONS: &str = "https://raw.githubusercontent.com/golangci/golangci-lint/HEAD/assets/github-action-config";

const MATCHER: &str = r#"{"problemMatcher": [{"owner": "golangci-lint", "pattern": [
  {"regexp": "^(\\S.*?):(\\d+):(?:(\\d+):)?\\s+(.+)\\s+\\(([\\w-]+)\\)$",
   "file": 1, "line": 2, "column": 3, "message": 4, "code": 5}
]}]}"#;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mapping {
    minor_version_to_config: BTreeMap<String, Mapped>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mapped {
    #[serde(default)]
    target_version: String,
    #[serde(default)]
    error: String,
}

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let dir = absolute(Path::new(inputs.text("working-directory")), &call.place.workspace);
    let files = Files(&call.place.sandbox);
    if !files.resolve(&dir).is_ok_and(|real| files.host(&real).is_dir()) {
        return Err(Fault::Text(format!("working-directory ({}) was not a path", inputs.text("working-directory"))));
    }
    if inputs.flag("only-new-issues", false)? {
        call.say(
            "The input `only-new-issues` has no effect here: all issues are shown; `args: --new-from-merge-base=main` does \
             what it would",
        );
    }
    if !inputs.flag("skip-cache", false)? {
        restore(call, outcome, &dir).await?;
    }
    let program = provide(call, outcome, &dir).await?;
    if let Some(dir) = program.parent() {
        outcome.path.push(dir.to_string_lossy().into_owned());
    }
    if inputs.flag("install-only", false)? {
        return Ok(());
    }
    if inputs.flag("problem-matchers", false)? {
        setup::add_matcher(call, TOOL, MATCHER)?;
    }
    lint(call, outcome, &program, &dir).await
}

async fn lint(call: &NativeCall, outcome: &NativeOutcome, program: &Path, dir: &Path) -> Result<()> {
    let inputs = call.inputs();
    let args = inputs.text("args");
    let program = program.to_string_lossy();
    let named =
        |name: &str| args.split_whitespace().any(|arg| arg.trim_start_matches('-').split('=').next() == Some(name));
    let mut added = String::new();
    if inputs.some("working-directory").is_some() {
        // Annotations need paths that hold in the workspace, too.
        if setup::major(call) >= 8 && !named("path-prefix") && !named("path-mode") {
            added.push_str(" --path-mode=abs");
        } else if setup::major(call) < 8 && !named("path-prefix") {
            added = format!(" --path-prefix={}", inputs.text("working-directory"));
        }
    }
    if setup::major(call) >= 7 && inputs.flag("verify", true)? {
        let config = tool::run(call, outcome, &[&program, "config", "path"], dir).await?;
        if config.status.success() {
            let verified = tool::run(call, outcome, &[&program, "config", "verify"], dir).await?;
            if !verified.status.success() {
                let said = String::from_utf8_lossy(&verified.stderr).trim().to_owned();
                return Err(Fault::Text(format!("the configuration of golangci-lint is not valid: {said}")));
            }
        }
    }
    // `args` is written for a shell.
    let line = format!("'{}' run{added} {args}", program.replace('\'', "'\\''"));
    call.say(format!("Running [golangci-lint run{added} {args}] in [{}] ...", dir.display()));
    let output = tool::run(call, outcome, &["sh", "-c", line.trim_end()], dir).await?;
    call.say(String::from_utf8_lossy(&output.stdout));
    call.say(String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => {
            call.say("golangci-lint found no issues");
            Ok(())
        }
        Some(1) => Err(Fault::text("issues found")),
        Some(code) => Err(Fault::Text(format!("golangci-lint exit with code {code}"))),
        None => Err(Fault::text("golangci-lint was killed")),
    }
}

/// `None` is the latest.
fn requested(call: &NativeCall, dir: &Path) -> Result<Option<String>> {
    let inputs = call.inputs();
    let mut asked = inputs.text("version").to_owned();
    let file = |name: &str| setup::workspace_file(call, &dir.join(name).to_string_lossy());
    if asked.is_empty()
        && let Some(text) = file("go.mod")?
    {
        let module = text.lines().find_map(|line| {
            let mut words =
                line.split_whitespace().skip_while(|word| !word.starts_with("github.com/golangci/golangci-lint/v2"));
            words.next().and(words.next()).map(str::to_owned)
        });
        asked = module.unwrap_or_default();
    }
    if let (true, Some(name)) = (asked.is_empty(), inputs.some("version-file")) {
        let text = file(name)?.ok_or_else(|| {
            Fault::Text(format!("The specified golangci-lint version file at: {name} does not exist"))
        })?;
        asked = match name.ends_with(".tool-versions") {
            true => setup::tool_versions(&text, TOOL).unwrap_or_default(),
            false => setup::first_line(&text).unwrap_or_default(),
        };
    }
    let asked = asked.trim_start_matches('v');
    if asked.is_empty() || asked == "latest" {
        return Ok(None);
    }
    let numbers = asked.split('.').collect::<Vec<_>>();
    if !(2..=3).contains(&numbers.len()) || numbers.iter().any(|part| part.parse::<u32>().is_err()) {
        return Err(Fault::Text(format!("invalid version string 'v{asked}', expected format v1.2 or v1.2.3")));
    }
    Ok(Some(asked.to_owned()))
}

async fn provide(call: &Arc<NativeCall>, outcome: &NativeOutcome, dir: &Path) -> Result<PathBuf> {
    let inputs = call.inputs();
    let on_path = tool::which(call, outcome, TOOL);
    match inputs.text_or("install-mode", "binary").to_lowercase().as_str() {
        "none" => {
            return on_path.ok_or_else(|| Fault::text("golangci-lint binary not found in the PATH"));
        }
        "goinstall" => return go_install(call, outcome).await,
        "binary" => {}
        other => {
            return Err(Fault::Text(format!("install-mode is `{other}`; it can be binary, goinstall or none")));
        }
    }
    let asked = requested(call, dir)?;
    // Without a version: any of the major that this version of the action is for.
    let newest = if setup::major(call) >= 7 { "2" } else { "1" };
    let spec = asked.as_deref().unwrap_or("latest");
    let range = Range::parse(asked.as_deref().unwrap_or(newest));
    let range = range.ok_or_else(|| Fault::Text(format!("invalid version string '{spec}'")))?;
    let arch = tool::machine();
    if let Some(found) = tool::find(call, TOOL, &range, arch) {
        call.say(format!("Found in cache @ {}", found.dir.display()));
        return Ok(found.dir.join(TOOL));
    }
    let mut seen = None;
    if let Some(program) = on_path {
        let said = tool::says(call, outcome, &[TOOL, "version"]).await.unwrap_or_default();
        let version = said.split_whitespace().find_map(Version::parse);
        let shown = version.as_ref().map_or_else(|| said.clone(), ToString::to_string);
        seen = Some(format!("has {shown} at {}", program.display()));
        if version.is_some_and(|version| range.matches(&version)) {
            call.say(format!(
                "golangci-lint {spec} is not in the tool cache; PATH has {shown} at {}, which satisfies it",
                program.display()
            ));
            return Ok(program);
        }
    }
    let release = resolve(call, asked.as_deref()).await;
    let installed = match &release {
        Ok(release) => tool::install(call, TOOL, arch, release).await,
        Err(fault) => Err(Fault::Text(fault.to_string())),
    };
    match installed {
        Ok(found) => Ok(found.dir.join(TOOL)),
        Err(Fault::Cancelled) => Err(Fault::Cancelled),
        Err(fault) => {
            let example = release.ok().map(|release| release.version);
            let example = example.or_else(|| Version::lenient(asked.as_deref()?).map(|version| version.to_string()));
            let missing = Missing {
                title: TOOL,
                name: TOOL,
                spec,
                arch,
                on_path: seen,
                source: fault.to_string(),
                mirror: MIRROR,
                example: example.unwrap_or_else(|| if newest == "2" { "2.5.0" } else { "1.64.8" }.to_owned()),
            };
            Err(missing.fault(call))
        }
    }
}

async fn resolve(call: &NativeCall, asked: Option<&str>) -> Result<Release> {
    let version = match asked {
        Some(full) if full.split('.').count() == 3 => full.to_owned(),
        _ => {
            let suffix = if setup::major(call) >= 7 { "-v2.json" } else { ".json" };
            let mapping: Mapping = fetch::json(call, &format!("{VERSIONS}{suffix}")).await?;
            let name = asked.map_or_else(|| "latest".to_owned(), |asked| format!("v{asked}"));
            let mapped = mapping.minor_version_to_config.get(&name);
            let mapped =
                mapped.ok_or_else(|| Fault::Text(format!("requested golangci-lint version '{name}' doesn't exist")))?;
            if !mapped.error.is_empty() {
                return Err(Fault::Text(format!(
                    "failed to use requested golangci-lint version '{name}': {}",
                    mapped.error
                )));
            }
            mapped.target_version.trim_start_matches('v').to_owned()
        }
    };
    let base = match call.env(MIRROR) {
        "" => DOWNLOADS,
        mirror => mirror.trim_end_matches('/'),
    };
    let arch = if tool::machine() == "x64" { "amd64" } else { tool::machine() };
    let file = format!("golangci-lint-{version}-linux-{arch}.tar.gz");
    let sums = fetch::text(call, &format!("{base}/v{version}/golangci-lint-{version}-checksums.txt")).await;
    let sha256 = sums.ok().and_then(|sums| setup_node::checksum(&sums, &file));
    Ok(Release { url: format!("{base}/v{version}/{file}"), version, sha256 })
}

async fn go_install(call: &NativeCall, outcome: &NativeOutcome) -> Result<PathBuf> {
    let version = call.inputs().text_or("version", "latest");
    let module = if setup::major(call) >= 7 { "golangci-lint/v2" } else { "golangci-lint" };
    let package = format!("github.com/golangci/{module}/cmd/golangci-lint@{version}");
    let output = tool::run(call, outcome, &["go", "install", &package], &call.place.workspace).await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Fault::Text(format!("`go install {package}` failed: {said}")));
    }
    let bin = match tool::says(call, outcome, &["go", "env", "GOBIN"]).await {
        Some(bin) => PathBuf::from(bin),
        None => {
            let path = tool::says(call, outcome, &["go", "env", "GOPATH"]).await.unwrap_or_default();
            Path::new(path.split(':').next().unwrap_or_default()).join("bin")
        }
    };
    Ok(bin.join(TOOL))
}

async fn restore(call: &Arc<NativeCall>, outcome: &mut NativeOutcome, dir: &Path) -> Result<()> {
    let inputs = call.inputs();
    let days = inputs.number("cache-invalidation-interval")?.unwrap_or(7);
    let now = Timestamp::now();
    let interval = if days <= 0 { now.as_millisecond() } else { now.as_second() / (days * 86_400) };
    let place = inputs.some("working-directory").map_or_else(String::new, |dir| format!("{dir}-"));
    let prefix = format!("golangci-lint.cache-{}-{place}{interval}-", setup::runner_os(call));
    let module = setup::workspace_file(call, &dir.join("go.mod").to_string_lossy())?;
    let sum = module.map_or_else(|| "nogomod".to_owned(), |text| hex::encode(sha1(text.as_bytes())));
    let cache = call.home().join(".cache/golangci-lint").to_string_lossy().into_owned();
    outcome.env.insert("GOLANGCI_LINT_CACHE".to_owned(), cache.clone());
    let dependencies =
        Dependencies { title: TOOL, paths: vec![cache], key: format!("{prefix}{sum}"), restore_keys: vec![prefix] };
    setup::restore(call, outcome, dependencies).await?;
    if inputs.flag("skip-save-cache", false)? {
        outcome.post = None;
    } else if let Some(post) = &mut outcome.post {
        // Upstream saves even after a failure.
        post.only_after_success = false;
    }
    Ok(())
}

fn sha1(bytes: &[u8]) -> impl AsRef<[u8]> {
    use sha1::Digest;
    sha1::Sha1::digest(bytes)
}
