//! The input `cache`: what maven, gradle or sbt have downloaded.

use std::sync::Arc;

use crate::native::error::{Fault, Result};
use crate::native::hash_files::hash_files;
use crate::native::setup::{self, Dependencies};
use crate::native::{NativeCall, NativeOutcome, blocking, tool};

const MAVEN: &[&str] = &["**/pom.xml", "**/.mvn/wrapper/maven-wrapper.properties", "**/.mvn/extensions.xml"];
const GRADLE: &[&str] = &[
    "**/*.gradle*",
    "**/gradle.properties",
    "**/gradle-wrapper.properties",
    "buildSrc/**/Versions.kt",
    "buildSrc/**/Dependencies.kt",
    "gradle/*.versions.toml",
    "**/versions.properties",
];
const SBT: &[&str] = &["**/*.sbt", "**/project/build.properties", "**/project/**.scala", "**/project/**.sbt"];

pub(super) async fn restore(call: &Arc<NativeCall>, outcome: &mut NativeOutcome, manager: &str) -> Result<()> {
    let (title, paths, patterns): (&'static str, &[&str], _) = match manager {
        "maven" => ("maven", &[".m2/repository"], MAVEN),
        "gradle" => ("gradle", &[".gradle/caches", ".gradle/wrapper"], GRADLE),
        "sbt" => ("sbt", &[".ivy2/cache", ".sbt", ".cache/coursier"], SBT),
        other => {
            return Err(Fault::Text(format!("unknown package manager specified: {other}")));
        }
    };
    let inputs = call.inputs();
    let home = call.home();
    let mut paths: Vec<String> = paths.iter().map(|path| home.join(path).to_string_lossy().into_owned()).collect();
    let given = inputs.lines("cache-path");
    if !given.is_empty() {
        paths = given;
    }
    let patterns = inputs.some("cache-dependency-path").map_or_else(|| patterns.join("\n"), str::to_owned);
    let (worker, shown) = (Arc::clone(call), patterns.replace('\n', ","));
    let hash = blocking(move || hash_files(&worker, &patterns)).await?;
    let hash = hash.ok_or_else(|| {
        let workspace = call.place.workspace.display();
        Fault::Text(format!(
            "No file in {workspace} matched to [{shown}], make sure you have checked out the target repository"
        ))
    })?;
    let key = format!("setup-java-{}-{}-{title}-{hash}", setup::runner_os(call), tool::machine());
    outcome.outputs.insert("cache-primary-key".to_owned(), key.clone());
    let dependencies = Dependencies { title, paths, key: key.clone(), restore_keys: Vec::new() };
    let matched = setup::restore(call, outcome, dependencies).await?;
    outcome.outputs.insert("cache-hit".to_owned(), (matched.as_ref() == Some(&key)).to_string());
    if inputs.flag("cache-read-only", false)? {
        outcome.post = None;
    }
    Ok(())
}
