//! Objects of git.

use base64::Engine as _;
use serde_json::{Value, json};
use store::repositories::Repository;

use super::times::{git_time, git_time_with_zone};
use super::{Shape, Urls};
use crate::Result;
use crate::git::{ChangeKind, Commit, Entry, FileDiff, GitRef, Logged, Object, ObjectKind, Signature};
use crate::ids::node_id;

fn person(signature: &Signature) -> Value {
    json!({ "name": signature.name, "email": signature.email, "date": git_time(signature) })
}

fn unsigned() -> Value {
    json!({ "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null })
}

/// A commit in the API of git's objects.
#[must_use]
pub fn git_commit(urls: &Urls, full_name: &str, commit: &Commit) -> Value {
    let (repo, page) = (urls.repo(full_name), urls.page(full_name));
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|sha| {
            json!({ "sha": sha, "url": format!("{repo}/git/commits/{sha}"), "html_url": format!("{page}/commit/{sha}") })
        })
        .collect();
    json!({
        "sha": commit.sha,
        "node_id": commit.sha,
        "url": format!("{repo}/git/commits/{}", commit.sha),
        "html_url": format!("{page}/commit/{}", commit.sha),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "tree": { "sha": commit.tree, "url": format!("{repo}/git/trees/{}", commit.tree) },
        "message": commit.message,
        "parents": parents,
        "verification": unsigned(),
    })
}

/// A commit as payloads of pushes have it.
#[must_use]
pub fn commit_object(urls: &Urls, full_name: &str, logged: &Logged) -> Value {
    let commit = &logged.commit;
    let of = |kinds: &[ChangeKind]| -> Vec<&str> {
        logged.files.iter().filter(|file| kinds.contains(&file.kind)).map(|file| file.path.as_str()).collect()
    };
    // A rename is a file that went and one that came.
    let renamed_from = logged.files.iter().filter_map(|file| file.old_path.as_deref());
    let mut removed = of(&[ChangeKind::Deleted]);
    removed.extend(renamed_from);
    let person = |signature: &Signature| json!({ "name": signature.name, "email": signature.email, "date": git_time_with_zone(signature) });
    json!({
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": true,
        "message": commit.message,
        "timestamp": git_time_with_zone(&commit.committer),
        "url": format!("{}/commit/{}", urls.page(full_name), commit.sha),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "added": of(&[ChangeKind::Added, ChangeKind::Renamed]),
        "removed": removed,
        "modified": of(&[ChangeKind::Modified]),
    })
}

/// A ref.
#[must_use]
pub fn git_ref(urls: &Urls, full_name: &str, found: &GitRef) -> Value {
    let repo = urls.repo(full_name);
    json!({
        "ref": found.name,
        "node_id": found.name,
        "url": format!("{repo}/git/{}", found.name),
        "object": {
            "sha": found.oid,
            "type": found.kind,
            "url": format!("{repo}/git/{}s/{}", found.kind, found.oid),
        },
    })
}

/// A tag object, from its content.
#[must_use]
pub fn git_tag(urls: &Urls, full_name: &str, object: &Object) -> Value {
    let text = String::from_utf8_lossy(&object.content);
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let (target, kind) = (field("object "), field("type "));
    let repo = urls.repo(full_name);
    json!({
        "node_id": object.oid,
        "sha": object.oid,
        "url": format!("{repo}/git/tags/{}", object.oid),
        "tagger": tagger(field("tagger ")),
        "object": { "sha": target, "type": kind, "url": format!("{repo}/git/{kind}s/{target}") },
        "tag": field("tag "),
        "message": message,
        "verification": unsigned(),
    })
}

/// `Name <mail> seconds zone`
fn tagger(line: &str) -> Value {
    let parsed = line.split_once(" <").and_then(|(name, rest)| {
        let (email, time) = rest.split_once("> ")?;
        let seconds = time.split(' ').next()?.parse().ok()?;
        Some(Signature { name: name.to_owned(), email: email.to_owned(), seconds, offset_minutes: 0 })
    });
    parsed.map_or(Value::Null, |signature| person(&signature))
}

/// A tree with its entries.
#[must_use]
pub fn tree(urls: &Urls, full_name: &str, sha: &str, entries: &[Entry], truncated: bool) -> Value {
    let repo = urls.repo(full_name);
    let lines: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut line =
                json!({ "path": entry.path, "mode": entry.mode, "type": entry.kind.name(), "sha": entry.oid });
            if let Some(size) = entry.size {
                line["size"] = size.into();
            }
            if entry.kind != ObjectKind::Commit {
                line["url"] = format!("{repo}/git/{}s/{}", entry.kind.name(), entry.oid).into();
            }
            line
        })
        .collect();
    json!({ "sha": sha, "url": format!("{repo}/git/trees/{sha}"), "tree": lines, "truncated": truncated })
}

/// One entry of the contents API; with its content when that is given.
#[must_use]
pub fn contents_entry(urls: &Urls, full_name: &str, entry: &Entry, reference: &str, content: Option<&[u8]>) -> Value {
    let (repo, page) = (urls.repo(full_name), urls.page(full_name));
    let path: String = entry.path.split('/').map(super::issues::escape).collect::<Vec<_>>().join("/");
    let url = format!("{repo}/contents/{path}?ref={}", super::issues::escape(reference));
    let (kind, at) = match entry.kind {
        ObjectKind::Tree => ("dir", "tree"),
        ObjectKind::Commit => ("submodule", "tree"),
        _ if entry.mode == "120000" => ("symlink", "blob"),
        _ => ("file", "blob"),
    };
    let html = format!("{page}/{at}/{reference}/{path}");
    let git = format!("{repo}/git/{}s/{}", if kind == "dir" { "tree" } else { "blob" }, entry.oid);
    let download = matches!(kind, "file" | "symlink").then(|| format!("{page}/raw/{reference}/{path}"));
    let mut shape = json!({
        "name": entry.path.rsplit('/').next(),
        "path": entry.path,
        "sha": entry.oid,
        "size": entry.size.unwrap_or_default(),
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": download,
        "type": kind,
        "_links": { "self": url, "git": git, "html": html },
    });
    if let Some(content) = content {
        shape["encoding"] = "base64".into();
        shape["content"] = base64_lines(content).into();
    }
    shape
}

/// Base64 in lines of 60 characters, each ended, as GitHub writes it.
pub(crate) fn base64_lines(content: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(content);
    let mut lines = String::with_capacity(text.len() + text.len() / 60 + 1);
    for chunk in text.as_bytes().chunks(60) {
        lines.push_str(std::str::from_utf8(chunk).unwrap_or_default());
        lines.push('\n');
    }
    lines
}

/// One file of a comparison.
#[must_use]
pub fn file_diff(urls: &Urls, full_name: &str, head: &str, file: &FileDiff) -> Value {
    let (repo, page) = (urls.repo(full_name), urls.page(full_name));
    let path: String = file.path.split('/').map(super::issues::escape).collect::<Vec<_>>().join("/");
    let status = match file.kind {
        ChangeKind::Added => "added",
        ChangeKind::Deleted => "removed",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Modified => "modified",
    };
    let mut shape = json!({
        "sha": file.oid,
        "filename": file.path,
        "status": status,
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": format!("{page}/blob/{head}/{path}"),
        "raw_url": format!("{page}/raw/{head}/{path}"),
        "contents_url": format!("{repo}/contents/{path}?ref={head}"),
    });
    if let Some(patch) = &file.patch {
        shape["patch"] = patch.as_str().into();
    }
    if let Some(previous) = &file.old_path {
        shape["previous_filename"] = previous.as_str().into();
    }
    shape
}

impl Shape<'_> {
    /// A commit in the API of a repository, with the accounts of its people where their addresses are known.
    pub async fn commit(&mut self, repository: &Repository, commit: &Commit) -> Result<Value> {
        let full_name = repository.full_name();
        let (repo, page) = (self.urls().repo(&full_name), self.urls().page(&full_name));
        let mut inner = git_commit(self.urls(), &full_name, commit);
        let parents = inner["parents"].take();
        let url = format!("{repo}/commits/{}", commit.sha);
        let parents: Vec<Value> = parents
            .as_array()
            .into_iter()
            .flatten()
            .map(|parent| {
                let sha = parent["sha"].as_str().unwrap_or_default();
                json!({ "sha": sha, "url": format!("{repo}/commits/{sha}"), "html_url": parent["html_url"] })
            })
            .collect();
        Ok(json!({
            "sha": commit.sha,
            "node_id": node_id("Commit", repository.id),
            "commit": {
                "author": inner["author"],
                "committer": inner["committer"],
                "message": commit.message,
                "tree": inner["tree"],
                "url": inner["url"],
                "comment_count": 0,
                "verification": unsigned(),
            },
            "url": url,
            "html_url": format!("{page}/commit/{}", commit.sha),
            "comments_url": format!("{url}/comments"),
            "author": self.user_by_email(&commit.author.email).await?,
            "committer": self.user_by_email(&commit.committer.email).await?,
            "parents": parents,
        }))
    }

    /// The account with this address, or null.
    pub async fn user_by_email(&mut self, email: &str) -> Result<Value> {
        let id = crate::people::by_email(&mut self.read(), email).await?;
        self.user(id).await
    }
}
