//! A real `.git` for a job's workspace.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::refs::{is_object_id, is_safe_ref};
use crate::repository::ObjectFormat;
use crate::{GitError, Repository, Snapshot};

/// A depth from which on a checkout counts as complete; `git fetch --unshallow` means it by 2^31 - 1.
const ALL_HISTORY: u32 = 1_000_000;

/// What the job's `.git` should look like.
#[derive(Debug, Clone)]
pub struct GitDirRequest<'a> {
    /// Repository whose objects and refs are shared.
    pub repository: &'a Repository,
    /// The files the workspace holds.
    pub snapshot: &'a Snapshot,
    /// Commit checked out; `None` when there is none yet.
    pub commit: Option<&'a str>,
    /// Full ref checked out, as `github.ref`: `refs/heads/x` gives a branch, anything else a detached HEAD.
    pub reference: Option<&'a str>,
    /// URL of `origin`.
    pub remote_url: &'a str,
    /// 0: all history, branches and tags; n: n commits.
    pub fetch_depth: u32,
    /// All tags although `fetch_depth` is not 0.
    pub fetch_tags: bool,
}

/// Writes `.git` at `git_dir` (which must not exist): HEAD, refs, config, index; objects are shared through
/// alternates, nothing is copied.
///
/// The index is the user's own for a snapshot with uncommitted changes, so `git status` and `git diff` in a step
/// show what the user sees; for a clean tree it is HEAD's and `git status` is clean. Either way its stat data match
/// the snapshot's files (`core.checkStat=minimal`), so no file is hashed again.
///
/// Returns the directories the job must be able to read.
pub fn checkout_git_dir(request: &GitDirRequest<'_>, git_dir: &Path) -> Result<Vec<PathBuf>, GitError> {
    for name in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info", "hooks"] {
        let dir = git_dir.join(name);
        std::fs::create_dir_all(&dir).map_err(GitError::io("cannot create", &dir))?;
    }
    let put = |name: &str, text: &[u8]| {
        let path = git_dir.join(name);
        std::fs::write(&path, text).map_err(GitError::io("cannot write", &path))
    };
    let reference = request.reference.filter(|name| is_safe_ref(name));
    let branch = reference.and_then(|name| name.strip_prefix("refs/heads/"));
    let head = match (branch, request.commit) {
        (Some(branch), _) => format!("ref: refs/heads/{branch}\n"),
        (None, Some(commit)) => format!("{commit}\n"),
        (None, None) => "ref: refs/heads/main\n".to_owned(),
    };
    put("HEAD", head.as_bytes())?;
    put("config", config(request, branch).as_bytes())?;
    let mut alternates = Vec::new();
    for dir in request.snapshot.object_dirs() {
        alternates.extend_from_slice(alternate(dir).as_bytes());
        alternates.push(b'\n');
    }
    put("objects/info/alternates", &alternates)?;
    if let Some(commit) = request.commit {
        let refs = refs(request, commit, reference)?;
        put("packed-refs", packed(&refs).as_bytes())?;
        let shallow = shallow(request, commit, &refs)?;
        if !shallow.is_empty() {
            put("shallow", shallow.as_bytes())?;
        }
    }
    let index = git_dir.join("index");
    std::fs::copy(&request.snapshot.index, &index).map_err(GitError::io("cannot write", &index))?;
    Ok(request.snapshot.object_dirs().to_vec())
}

fn config(request: &GitDirRequest<'_>, branch: Option<&str>) -> String {
    let sha256 = request.repository.object_format() == ObjectFormat::Sha256;
    let source = request.repository.config();
    let partial = source.get("extensions.partialclone").is_some() || source.get("remote.origin.promisor").is_some();
    let mut text = format!("[core]\n\trepositoryformatversion = {}\n", u8::from(sha256 || partial));
    text.push_str(
        "\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n\tcheckStat = minimal\n\ttrustctime = false\n",
    );
    text.push_str("[gc]\n\tauto = 0\n");
    if sha256 || partial {
        text.push_str("[extensions]\n");
        text.push_str(if sha256 { "\tobjectFormat = sha256\n" } else { "" });
        text.push_str(if partial { "\tpartialClone = origin\n" } else { "" });
    }
    text.push_str("[remote \"origin\"]\n");
    // A repository without a remote has no URL to give, and git stumbles over an empty one.
    if !request.remote_url.is_empty() {
        let _ = writeln!(text, "\turl = {}", quote(request.remote_url));
    }
    text.push_str("\tfetch = +refs/heads/*:refs/remotes/origin/*\n");
    if partial {
        text.push_str("\tpromisor = true\n\tpartialclonefilter = blob:none\n");
    }
    if let Some(branch) = branch {
        let name = branch.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(
            text,
            "[branch \"{name}\"]\n\tremote = origin\n\tmerge = {}\n",
            quote(&format!("refs/heads/{branch}"))
        );
    }
    text
}

fn quote(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

fn alternate(dir: &Path) -> String {
    let text = dir.to_string_lossy();
    if text.starts_with(['"', '#']) || text.contains('\n') { quote(&text) } else { text.into_owned() }
}

/// Ref name to (object, commit behind a tag).
type Refs = BTreeMap<String, (String, Option<String>)>;

/// The refs a fetch by the checkout action leaves.
fn refs(request: &GitDirRequest<'_>, commit: &str, reference: Option<&str>) -> Result<Refs, GitError> {
    let mut refs = Refs::new();
    let everything = request.fetch_depth == 0;
    if everything || request.fetch_tags || reference.is_some_and(|name| name.starts_with("refs/tags/")) {
        let known = request.repository.refs()?;
        let tracking = known.iter().any(|known| known.name.starts_with("refs/remotes/origin/"));
        for known in known {
            let remote = known.name.strip_prefix("refs/remotes/origin/").filter(|name| *name != "HEAD");
            // Without a remote the local branches are all there is.
            let local = known.name.strip_prefix("refs/heads/").filter(|_| !tracking);
            let name = match remote.or(local) {
                Some(branch) if everything => format!("refs/remotes/origin/{branch}"),
                None if known.name.starts_with("refs/tags/") => {
                    if !everything && !request.fetch_tags && reference != Some(known.name.as_str()) {
                        continue;
                    }
                    known.name.clone()
                }
                _ => continue,
            };
            refs.insert(name, (known.sha.clone(), known.peeled.clone()));
        }
    }
    let here = (commit.to_owned(), None);
    if let Some(branch) = reference.and_then(|name| name.strip_prefix("refs/heads/")) {
        refs.insert(format!("refs/heads/{branch}"), here.clone());
        refs.insert(format!("refs/remotes/origin/{branch}"), here);
    } else if let Some(pull) = reference.and_then(|name| name.strip_prefix("refs/pull/")) {
        refs.insert(format!("refs/remotes/pull/{pull}"), here);
    } else if let Some(tag) = reference.filter(|name| name.starts_with("refs/tags/")) {
        refs.entry(tag.to_owned()).or_insert(here);
    }
    Ok(refs)
}

fn packed(refs: &Refs) -> String {
    let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    for (name, (sha, peeled)) in refs {
        let _ = writeln!(text, "{sha} {name}");
        if let Some(peeled) = peeled {
            let _ = writeln!(text, "^{peeled}");
        }
    }
    text
}

/// The commits whose parents are hidden: those at `fetch_depth`, and those at which the user's own history ends.
fn shallow(request: &GitDirRequest<'_>, commit: &str, refs: &Refs) -> Result<String, GitError> {
    let own = request.repository.common_dir().map(|dir| dir.join("shallow"));
    let own = own.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let mut cut: HashSet<String> = own.lines().filter(|line| is_object_id(line)).map(str::to_owned).collect();
    if request.fetch_depth > 0 && request.fetch_depth < ALL_HISTORY {
        let mut tips: HashSet<String> =
            refs.values().map(|(sha, peeled)| peeled.as_ref().unwrap_or(sha).clone()).collect();
        tips.insert(commit.to_owned());
        let reached = at_depth(request.repository, tips, request.fetch_depth, &cut)?;
        cut.extend(reached);
    }
    let mut lines: Vec<String> = cut.into_iter().map(|sha| format!("{sha}\n")).collect();
    lines.sort();
    Ok(lines.concat())
}

/// The commits that are `depth` steps away from the nearest tip, counting tips as the first step.
fn at_depth(
    repository: &Repository,
    tips: HashSet<String>,
    depth: u32,
    cut: &HashSet<String>,
) -> Result<Vec<String>, GitError> {
    let mut level: Vec<String> = tips.into_iter().collect();
    if depth == 1 {
        return Ok(level);
    }
    let mut seen: HashSet<String> = level.iter().cloned().collect();
    let mut child = repository.git().args(["cat-file", "--batch"]).converse()?;
    let (Some(mut ask), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(GitError::Unexpected("no pipe to git".to_owned()));
    };
    let mut answers = BufReader::new(answers);
    for _ in 1..depth {
        let mut next = Vec::new();
        // Few enough at a time that neither side waits for the other's full pipe.
        for some in level.chunks(256) {
            let failed = |source| GitError::Spawn { source };
            ask.write_all(some.join("\n").as_bytes()).and_then(|()| ask.write_all(b"\n")).map_err(failed)?;
            for sha in some {
                let parents = parents(&mut answers).map_err(failed)?;
                if !cut.contains(sha) {
                    next.extend(parents.into_iter().filter(|parent| seen.insert(parent.clone())));
                }
            }
        }
        level = next;
        if level.is_empty() {
            break;
        }
    }
    drop(ask);
    drop(child.wait());
    Ok(level)
}

/// The parents in the next answer of `cat-file --batch`.
fn parents(answers: &mut impl BufRead) -> std::io::Result<Vec<String>> {
    let mut header = String::new();
    answers.read_line(&mut header)?;
    let Some(size) = header.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok()) else {
        return Ok(Vec::new());
    };
    let mut content = Vec::new();
    answers.take(size + 1).read_to_end(&mut content)?;
    let text = String::from_utf8_lossy(&content);
    let head = text.split("\n\n").next().unwrap_or_default();
    if !header.contains(" commit ") {
        return Ok(Vec::new());
    }
    Ok(head.lines().filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned).collect())
}
