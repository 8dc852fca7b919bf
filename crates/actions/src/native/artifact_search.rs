//! Which files go into an artifact, and under which paths.

use std::path::{Path, PathBuf};

use services::ArtifactFile;

use super::NativeCall;
use super::error::{Fault, Result};
use super::files::Files;
use super::walk::Walk;
use crate::glob::Patterns;

/// Files of an artifact.
pub(crate) struct Search {
    pub(crate) files: Vec<ArtifactFile>,
    /// Path of the job that the artifact's paths are relative to.
    pub(crate) root: PathBuf,
}

/// Searches as @actions/glob does for the upload action: links followed, directories expanded and themselves left out.
/// Blocks.
pub(crate) fn search(call: &NativeCall, patterns: &str, include_hidden: bool) -> Result<Search> {
    let place = &call.place;
    let home = call.home();
    let patterns = Patterns::parse(patterns, &place.workspace, Some(&home), true)?;
    let files = Files(&place.sandbox);
    let check = || call.check();
    let walk = Walk { files, patterns: &patterns, without_hidden: !include_hidden, check: &check };
    let found: Vec<_> = walk.find()?.into_iter().filter(|found| !found.is_dir).collect();
    let starts = patterns.search_paths();
    let paths: Vec<&Path> = found.iter().map(|found| found.path.as_path()).collect();
    if starts.len() > 1 {
        call.say("Multiple search paths detected. Calculating the least common ancestor of all paths");
    }
    let root = root(&starts, &paths);
    if starts.len() > 1 {
        let shown = root.display();
        call.say(format!("The least common ancestor is {shown}. This will be the root directory of the artifact"));
    }
    warn_of_case(call, &paths);
    let mut listed = Vec::with_capacity(found.len());
    for one in found {
        let Ok(path) = one.path.strip_prefix(&root) else {
            let text = format!("{} is not below {}, the artifact's root", one.path.display(), root.display());
            return Err(Fault::Text(text));
        };
        let Some(path) = path.to_str() else {
            return Err(Fault::Text(format!("the file name {} is not UTF-8", one.path.display())));
        };
        listed.push(ArtifactFile { source: Some(files.host(&one.real)), path: path.to_owned() });
    }
    Ok(Search { files: listed, root })
}

/// The least common ancestor of several search paths; the only search path; or for one plain file its directory.
fn root(starts: &[PathBuf], found: &[&Path]) -> PathBuf {
    match starts {
        [] => PathBuf::from("/"),
        [only] if found == [only.as_path()] => only.parent().unwrap_or(only).to_owned(),
        [only] => only.clone(),
        [first, rest @ ..] => {
            let length = rest.iter().fold(first.components().count(), |length, other| {
                first.components().zip(other.components()).take(length).take_while(|(a, b)| a == b).count()
            });
            first.components().take(length).collect()
        }
    }
}

/// Artifacts may be unpacked where letter case does not count.
fn warn_of_case(call: &NativeCall, paths: &[&Path]) {
    let mut seen = std::collections::HashSet::new();
    for path in paths {
        if !seen.insert(path.to_string_lossy().to_lowercase()) {
            let shown = path.display();
            call.say(format!(
                "Uploads are case insensitive: {shown} will be overwritten by another file with the same path"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        let table: &[(&[&str], &[&str], &str)] = &[
            (&["/w/dist"], &["/w/dist/a"], "/w/dist"),
            (&["/w/dist/a.txt"], &["/w/dist/a.txt"], "/w/dist"),
            (&["/w/a", "/w/b"], &["/w/a/1", "/w/b/2"], "/w"),
            (&["/w/a/b", "/w/a/c/d", "/w/a/c/e"], &[], "/w/a"),
            (&["/foo", "/bar"], &[], "/"),
            (&["/w/one.txt", "/w/two.txt"], &["/w/one.txt"], "/w"),
        ];
        for (starts, found, want) in table {
            let starts: Vec<PathBuf> = starts.iter().map(PathBuf::from).collect();
            let found: Vec<&Path> = found.iter().map(Path::new).collect();
            assert_eq!(root(&starts, &found), Path::new(want), "{starts:?}");
        }
    }
}
