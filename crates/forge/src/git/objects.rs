//! Reading objects.

use std::time::Duration;

use super::process::Call;
use super::stream::Pace;
use super::write::check_path;
use super::{GitError, Repo};

/// Bytes of one listing, which are those of some 100,000 entries; GitHub stops at so many.
const LARGEST_LISTING: usize = 16 << 20;
/// Bytes of objects that are read at once. Files of more than 100 MB are not shown.
const LARGEST_OBJECTS: usize = 101 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl ObjectKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Blob => "blob",
            ObjectKind::Tree => "tree",
            ObjectKind::Commit => "commit",
            ObjectKind::Tag => "tag",
        }
    }

    fn of(name: &str) -> Option<ObjectKind> {
        [ObjectKind::Blob, ObjectKind::Tree, ObjectKind::Commit, ObjectKind::Tag].into_iter().find(|k| k.name() == name)
    }
}

/// One line of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `100644`, `100755`, `120000`, `040000`, `160000`
    pub mode: String,
    /// A submodule's is `Commit`.
    pub kind: ObjectKind,
    pub oid: String,
    /// Bytes, for blobs.
    pub size: Option<u64>,
    /// From the top of the tree that was listed.
    pub path: String,
}

/// A whole object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub oid: String,
    pub kind: ObjectKind,
    pub content: Vec<u8>,
}

impl Repo {
    /// A file at a revision, at most `limit` bytes. `None` where there is no such file.
    pub async fn file(&self, revision: &str, path: &str, limit: u64) -> Result<Option<Vec<u8>>, GitError> {
        let Some(entry) = self.entry(revision, path).await?.filter(|entry| entry.kind == ObjectKind::Blob) else {
            return Ok(None);
        };
        let size = entry.size.unwrap_or_default();
        if size > limit {
            return Err(GitError::Refused(format!("{path} has {size} bytes, more than the {limit} that are read")));
        }
        Ok(Some(self.blob(&entry.oid).await?))
    }

    /// What a path is at a revision.
    pub async fn entry(&self, revision: &str, path: &str) -> Result<Option<Entry>, GitError> {
        let path = path.trim_matches('/');
        if check_path(path).is_err() {
            return Ok(None);
        }
        Ok(self.ls_tree(revision, &["--", path]).await?.into_iter().find(|entry| entry.path == path))
    }

    /// What lies directly in a directory (`""` is the top).
    pub async fn list(&self, revision: &str, dir: &str) -> Result<Vec<Entry>, GitError> {
        let dir = dir.trim_matches('/');
        if dir.is_empty() {
            return self.ls_tree(revision, &["--"]).await;
        }
        if check_path(dir).is_err() {
            return Err(GitError::NotFound(dir.to_owned()));
        }
        let entries = self.ls_tree(revision, &["--", &format!("{dir}/")]).await?;
        Ok(entries.into_iter().filter(|entry| entry.path.len() > dir.len()).collect())
    }

    /// What is in a tree, at any depth: its first `most` entries, and whether there are more.
    pub async fn list_all(&self, tree: &str, with_trees: bool, most: usize) -> Result<(Vec<Entry>, bool), GitError> {
        let call = self.ls_tree_call(tree, if with_trees { &["-r", "-t", "--"] } else { &["-r", "--"] })?;
        let (mut out, mut cut) = call.at_most(LARGEST_LISTING).cut().await?;
        // A name that was cut off is none.
        out.truncate(out.iter().rposition(|byte| *byte == 0).map_or(0, |end| end + 1));
        cut |= out.iter().filter(|byte| **byte == 0).nth(most).is_some();
        let lines = out.split(|byte| *byte == 0).filter(|line| !line.is_empty()).take(most);
        let entries: Result<Vec<Entry>, GitError> = lines.map(parse_entry).collect();
        Ok((entries?, cut))
    }

    /// `args` are options, `--` and paths.
    async fn ls_tree(&self, revision: &str, args: &[&str]) -> Result<Vec<Entry>, GitError> {
        let call = self.ls_tree_call(revision, args)?;
        let command = call.shown();
        let answer = call.answer().await?;
        if answer.code != Some(0) {
            let missing =
                answer.stderr.contains("Not a valid object name") || answer.stderr.contains("not a tree object");
            return Err(if missing { GitError::NotFound(revision.to_owned()) } else { answer.failed(command) });
        }
        answer.stdout.split(|byte| *byte == 0).filter(|line| !line.is_empty()).map(parse_entry).collect()
    }

    fn ls_tree_call(&self, revision: &str, args: &[&str]) -> Result<Call, GitError> {
        if revision.starts_with('-') {
            return Err(GitError::NotFound(revision.to_owned()));
        }
        let split = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
        let mut all = vec!["ls-tree", "-z", "-l", "--full-tree"];
        all.extend(&args[..split]);
        all.extend(["--end-of-options", revision]);
        all.extend(args.get(split + 1..).unwrap_or_default());
        Ok(self.call(&all))
    }

    /// All files of a commit as an archive (`tar.gz`, `zip`), below a directory, as a stream that breaks off where git fails;
    /// git ends when it is dropped, or not read for a minute.
    pub async fn archive(&self, commit: &str, format: &str, directory: &str) -> Result<axum::body::Body, GitError> {
        let (format, prefix) = (format!("--format={format}"), format!("--prefix={directory}"));
        let pace = Pace { idle: Duration::from_secs(60), longest: Duration::from_secs(3600), strict: true };
        self.call(&["archive", &format, &prefix, "--end-of-options", commit]).stream(pace).await
    }

    /// The content of a blob.
    pub async fn blob(&self, oid: &str) -> Result<Vec<u8>, GitError> {
        self.call(&["cat-file", "blob", oid]).at_most(LARGEST_OBJECTS).run().await
    }

    /// Kind and size of an object.
    pub async fn kind(&self, oid: &str) -> Result<Option<(ObjectKind, u64)>, GitError> {
        let text = self.call(&["cat-file", "--batch-check"]).stdin(format!("{oid}\n")).line().await?;
        let mut words = text.split(' ').skip(1);
        Ok(words.next().and_then(ObjectKind::of).zip(words.next().and_then(|size| size.parse().ok())))
    }

    /// Whole objects in the order of the ids. One process.
    pub async fn objects(&self, oids: &[&str]) -> Result<Vec<Object>, GitError> {
        if oids.is_empty() {
            return Ok(Vec::new());
        }
        let mut input = oids.join("\n");
        input.push('\n');
        let out = self.call(&["cat-file", "--batch"]).stdin(input).at_most(LARGEST_OBJECTS).run().await?;
        let mut rest = out.as_slice();
        let mut objects = Vec::with_capacity(oids.len());
        for oid in oids {
            let parsed = object(rest).ok_or_else(|| GitError::NotFound((*oid).to_owned()))?;
            rest = parsed.1;
            objects.push(parsed.0);
        }
        Ok(objects)
    }
}

fn parse_entry(line: &[u8]) -> Result<Entry, GitError> {
    entry(line).ok_or_else(|| GitError::Unexpected("ls-tree".to_owned()))
}

fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let mut words = head.split_ascii_whitespace();
    let (mode, kind, oid, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some(Entry {
        mode: mode.to_owned(),
        kind: ObjectKind::of(kind)?,
        oid: oid.to_owned(),
        size: size.parse().ok(),
        path: String::from_utf8_lossy(&line[tab + 1..]).into_owned(),
    })
}

fn object(out: &[u8]) -> Option<(Object, &[u8])> {
    let end = out.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&out[..end]).ok()?;
    let mut words = head.split(' ');
    let (oid, kind) = (words.next()?.to_owned(), ObjectKind::of(words.next()?)?);
    let size: usize = words.next()?.parse().ok()?;
    let content = out.get(end + 1..end + 1 + size)?.to_vec();
    Some((Object { oid, kind, content }, out.get(end + 2 + size..)?))
}
