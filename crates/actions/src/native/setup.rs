//! What the setup actions share: version files, dependency caches, problem matchers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::transfer::{self, Request};
use super::error::{Fault, Result};
use super::files::{Files, absolute};
use super::{NativeCall, NativeOutcome, NativePost, blocking};

const KEY: &str = "primary-key";
const MATCHED: &str = "matched-key";
const PATHS: &str = "paths";

/// The major version of the action that the workflow names; `u32::MAX` for branches and commits.
pub(crate) fn major(call: &NativeCall) -> u32 {
    let digits = call.reference.trim_start_matches('v');
    let number = digits.split('.').next().and_then(|number| number.parse().ok());
    number.filter(|_| digits.len() < 40).unwrap_or(u32::MAX)
}

/// The version asked for: the input, or what `read` finds in the file that the other input names. `None` when neither
/// is set.
pub(crate) fn version_input(
    call: &NativeCall,
    input: &str,
    file_input: &str,
    read: impl Fn(&str, &str) -> Result<Option<String>>,
) -> Result<Option<String>> {
    let inputs = call.inputs();
    let (given, file) = (inputs.some(input), inputs.some(file_input));
    if given.is_some() && file.is_some() {
        call.warn(format!("Both {input} and {file_input} are given, only {input} is used"));
    }
    if let Some(given) = given {
        return Ok(Some(given.to_owned()));
    }
    let Some(file) = file else { return Ok(None) };
    let text = workspace_file(call, file)?
        .ok_or_else(|| Fault::Text(format!("The version file {file}, named by {file_input}, does not exist")))?;
    let name = Path::new(file).file_name().map_or("", |name| name.to_str().unwrap_or(""));
    let found = read(name, &text)?;
    match &found {
        Some(version) => call.say(format!("{file} asks for {version}")),
        None => call.warn(format!("{file} names no version")),
    }
    Ok(found)
}

/// A text file, relative to the workspace; `None` when it does not exist.
pub(crate) fn workspace_file(call: &NativeCall, path: &str) -> Result<Option<String>> {
    let inside = absolute(Path::new(path), &call.place.workspace);
    let files = Files(&call.place.sandbox);
    let read = files.resolve(&inside).and_then(|real| fs::read(files.host(&real)));
    match read {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::io("read", &inside)(error)),
    }
}

/// The value of `name` in a `.tool-versions` file.
pub(crate) fn tool_versions(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.next().map(str::to_owned)).flatten()
    })
}

/// The first line that says something.
pub(crate) fn first_line(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().map(str::to_owned)
}

/// Writes a problem matcher where the job's runner reads it, and adds it.
pub(crate) fn add_matcher(call: &NativeCall, name: &str, text: &str) -> Result<()> {
    let inside = call.place.temp.join(format!("trunkline-matcher-{name}.json"));
    let host = Files(&call.place.sandbox).host(&inside);
    fs::write(host, text).map_err(Fault::io("write", &inside))?;
    call.say(format!("::add-matcher::{}", inside.display()));
    Ok(())
}

/// Dependencies to restore now and to save in the end.
pub(crate) struct Dependencies {
    /// For messages: `npm`.
    pub(crate) title: &'static str,
    pub(crate) paths: Vec<String>,
    pub(crate) key: String,
    pub(crate) restore_keys: Vec<String>,
}

/// Restores dependencies, and leaves a post step that saves them. The key that matched.
pub(crate) async fn restore(
    call: &Arc<NativeCall>,
    outcome: &mut NativeOutcome,
    dependencies: Dependencies,
) -> Result<Option<String>> {
    let Dependencies { title, paths, key, restore_keys } = dependencies;
    let mut post = NativePost { only_after_success: true, ..NativePost::new(call) };
    post.state.insert(KEY.to_owned(), key.clone());
    post.state.insert(PATHS.to_owned(), paths.join("\n"));
    let request = Request { paths, key: key.clone(), restore_keys, lookup_only: false };
    let worker = Arc::clone(call);
    let matched = blocking(move || transfer::restore(&worker, &request)).await?;
    match &matched {
        Some(matched) => {
            call.say(format!("Cache restored from key: {matched}"));
            post.state.insert(MATCHED.to_owned(), matched.clone());
        }
        None => call.say(format!("{title} cache is not found ({key})")),
    }
    outcome.post = Some(post);
    Ok(matched)
}

/// Saves what [`restore`] would have restored, unless it was.
pub(crate) async fn post(post: &NativePost, call: &Arc<NativeCall>) -> Result<()> {
    let (Some(key), Some(paths)) = (post.state.get(KEY), post.state.get(PATHS)) else {
        return Ok(());
    };
    if post.state.get(MATCHED) == Some(key) {
        call.say(format!("Cache hit occurred on the primary key {key}, not saving cache."));
        return Ok(());
    }
    let paths: Vec<String> = paths.lines().map(str::to_owned).collect();
    let files = Files(&call.place.sandbox);
    let there = |path: &String| {
        let inside = PathBuf::from(path.replacen('~', &call.home().to_string_lossy(), 1));
        files.resolve(&inside).is_ok_and(|real| files.host(&real).exists())
    };
    if !paths.iter().any(there) {
        call.say("There is nothing to cache: the job made none of the directories");
        return Ok(());
    }
    let request = Request { paths, key: key.clone(), restore_keys: Vec::new(), lookup_only: false };
    let worker = Arc::clone(call);
    match blocking(move || transfer::save(&worker, &request)).await {
        Ok(true) => call.say(format!("Cache saved with the key: {key}")),
        Ok(false) => {}
        Err(Fault::Cancelled) => return Err(Fault::Cancelled),
        Err(fault) => call.warn(fault.to_string()),
    }
    Ok(())
}

/// `RUNNER_OS`
pub(crate) fn runner_os(call: &NativeCall) -> &str {
    match call.env("RUNNER_OS") {
        "" => "Linux",
        os => os,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_files() {
        let text = "# tools\nnodejs 20.1.0 # lts\ngolang\t1.23.4\npython 3.12.1 3.11\n";
        assert_eq!(tool_versions(text, "nodejs").as_deref(), Some("20.1.0"));
        assert_eq!(tool_versions(text, "golang").as_deref(), Some("1.23.4"));
        assert_eq!(tool_versions(text, "python").as_deref(), Some("3.12.1"));
        assert_eq!(tool_versions(text, "java"), None);
        assert_eq!(first_line("\n# x\n 3.12 \n3.11").as_deref(), Some("3.12"));
    }
}
