//! The input `cache`: packages of npm, yarn or pnpm.

use std::sync::Arc;

use serde_json::Value;

use crate::native::error::{Fault, Result};
use crate::native::hash_files::hash_files;
use crate::native::setup::{self, Dependencies};
use crate::native::{NativeCall, NativeOutcome, blocking, tool};

pub(super) async fn restore(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let manager = match inputs.some("cache") {
        Some("npm") => "npm",
        Some("yarn") => "yarn",
        Some("pnpm") => "pnpm",
        Some(other) => {
            return Err(Fault::Text(format!("Caching for '{other}' is not supported; it can be npm, yarn or pnpm")));
        }
        // Since version 5, where the project says that it uses npm.
        None if setup::major(call) >= 5
            && inputs.text_or("package-manager-cache", "true").eq_ignore_ascii_case("true") =>
        {
            if !names_npm(call)? {
                return Ok(());
            }
            call.say("package.json names npm as the package manager: its cache is used; `package-manager-cache: false` turns that off");
            "npm"
        }
        None => return Ok(()),
    };
    let path = directory(call, outcome, manager).await?;
    let pattern = match inputs.some("cache-dependency-path") {
        Some(pattern) => pattern.to_owned(),
        None => lock_file(call, manager)?,
    };
    let worker = Arc::clone(call);
    let hash = blocking(move || hash_files(&worker, &pattern)).await?;
    let hash =
        hash.ok_or_else(|| Fault::text("Some specified paths were not resolved, unable to cache dependencies."))?;
    let key = format!("node-cache-{}-{}-{manager}-{hash}", setup::runner_os(call), tool::machine());
    outcome.outputs.insert("cache-primary-key".to_owned(), key.clone());
    let dependencies = Dependencies { title: manager, paths: vec![path], key, restore_keys: Vec::new() };
    let matched = setup::restore(call, outcome, dependencies).await?;
    outcome.outputs.insert("cache-hit".to_owned(), matched.is_some().to_string());
    outcome.outputs.insert("cache-matched-key".to_owned(), matched.unwrap_or_default());
    Ok(())
}

/// Where the package manager keeps what it has downloaded.
async fn directory(call: &NativeCall, outcome: &NativeOutcome, manager: &str) -> Result<String> {
    let argv: &[&str] = match manager {
        "npm" => &["npm", "config", "get", "cache"],
        "pnpm" => &["pnpm", "store", "path", "--silent"],
        _ => match tool::says(call, outcome, &["yarn", "--version"]).await {
            Some(version) if version.starts_with("1.") => &["yarn", "cache", "dir"],
            _ => &["yarn", "config", "get", "cacheFolder"],
        },
    };
    let said = tool::says(call, outcome, argv).await;
    said.ok_or_else(|| {
        Fault::Text(format!("Could not get {manager} cache folder path: `{}` does not run", argv.join(" ")))
    })
}

fn lock_file(call: &NativeCall, manager: &str) -> Result<String> {
    let names: &[&str] = match manager {
        "npm" => &["package-lock.json", "npm-shrinkwrap.json", "yarn.lock"],
        "pnpm" => &["pnpm-lock.yaml"],
        _ => &["yarn.lock"],
    };
    for name in names {
        if setup::workspace_file(call, name)?.is_some() {
            return Ok(call.place.workspace.join(name).to_string_lossy().into_owned());
        }
    }
    let workspace = call.place.workspace.display();
    let names = names.join(",");
    Err(Fault::Text(format!("Dependencies lock file is not found in {workspace}. Supported file patterns: {names}")))
}

fn names_npm(call: &NativeCall) -> Result<bool> {
    let text = setup::workspace_file(call, "package.json")?.unwrap_or_default();
    let Ok(manifest) = serde_json::from_str::<Value>(&text) else {
        return Ok(false);
    };
    let is_npm = |name: &str| {
        let name = name.trim_start_matches('^');
        name == "npm" || name.starts_with("npm@")
    };
    let engines = match manifest.pointer("/devEngines/packageManager") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let named = engines.iter().filter_map(|one| one.get("name")?.as_str()).any(is_npm);
    Ok(named || manifest.get("packageManager").and_then(Value::as_str).is_some_and(is_npm))
}
