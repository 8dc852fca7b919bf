use std::collections::HashMap;

use serde_json::{Map, Value, json};
use store::events::Facts;
use store::pushes::Push;
use store::repositories::Repository;

use super::{About, Told, parts};
use crate::git::{Commit, GitError, Logged, RefName, Repo, is_zero};
use crate::shape::{Shape, commit_object};
use crate::{Actor, Forge, Result};

/// Commits that a payload names, as on GitHub.
const MOST_COMMITS: usize = 2048;
/// With more refs than these at once, only their head commits are told.
const MOST_REFS_IN_FULL: usize = 50;

impl Forge {
    /// `push`, `create` and `delete` events of one push.
    pub(crate) async fn tell_push(&self, repository: &Repository, actor: &Actor, done: &[&Push]) -> Result<Vec<Told>> {
        let mut shape = self.shape();
        let is_branch = |push: &&&Push| matches!(RefName::of(&push.git_ref), RefName::Branch(_));
        let is_tag = |push: &&&Push| matches!(RefName::of(&push.git_ref), RefName::Tag(_));
        let counts = Facts {
            branches_at_once: done.iter().filter(is_branch).count(),
            tags_at_once: done.iter().filter(is_tag).count(),
            ..Facts::default()
        };
        let mut told = Vec::new();
        // Many refs of one push often lead to one commit.
        let mut heads = HashMap::new();
        for push in done {
            let kind = match RefName::of(&push.git_ref) {
                RefName::Branch(_) => "branch",
                RefName::Tag(_) => "tag",
                RefName::Pull(_) | RefName::Other(_) => continue,
            };
            let repo = self.git(repository.id);
            let in_full = kind == "branch" && done.len() <= MOST_REFS_IN_FULL;
            let pushed = Pushed::read(&repo, push, in_full, &mut heads).await?;
            let head = pushed.head.as_ref().map(|head| head.commit.sha.clone());
            let about = About {
                name: "push",
                action: None,
                git_ref: Some(push.git_ref.clone()),
                before: (!is_zero(&push.old)).then(|| push.old.clone()),
                sha: Some(head.clone().unwrap_or_default()),
                facts: counts.clone(),
            };
            // A branch that is new is created before it is pushed to.
            if is_zero(&push.old) || is_zero(&push.new) {
                told.push(self.tell_create_or_delete(&mut shape, repository, actor, push, head).await?);
            }
            let payload = self.push_payload(&mut shape, repository, actor, push, &pushed).await?;
            told.push(self.told(&mut shape, repository, actor, about, payload).await?);
        }
        Ok(told)
    }

    async fn tell_create_or_delete(
        &self,
        shape: &mut Shape<'_>,
        repository: &Repository,
        actor: &Actor,
        push: &Push,
        head: Option<String>,
    ) -> Result<Told> {
        let created = is_zero(&push.old);
        let (kind, short) = match RefName::of(&push.git_ref) {
            RefName::Tag(name) => ("tag", name),
            RefName::Branch(name) | RefName::Pull(name) | RefName::Other(name) => ("branch", name),
        };
        let mut payload = parts([("ref", short.into()), ("ref_type", kind.into()), ("pusher_type", "user".into())]);
        if created {
            payload.insert("master_branch".to_owned(), repository.default_branch.as_str().into());
            payload.insert("description".to_owned(), crate::shape_text(&repository.description));
        }
        // A deleted ref has no commit: what listens runs on the default branch.
        let sha = head.filter(|_| created);
        let name = if created { "create" } else { "delete" };
        let git_ref = created.then(|| push.git_ref.clone());
        let about = About { name, git_ref, sha, ..About::default() };
        self.told(shape, repository, actor, about, payload).await
    }

    async fn push_payload(
        &self,
        shape: &mut Shape<'_>,
        repository: &Repository,
        actor: &Actor,
        push: &Push,
        pushed: &Pushed,
    ) -> Result<Map<String, Value>> {
        let full_name = repository.full_name();
        let commit = |logged: &Logged| commit_object(self.urls(), &full_name, logged);
        let commits: Vec<Value> = pushed.commits.iter().map(commit).collect();
        let pusher = shape.user(actor.account_id).await?;
        let author = self.commit_author(actor.account_id).await?;
        let page = self.urls().page(&full_name);
        let short = |sha: &str| sha.chars().take(12).collect::<String>();
        let compare = if is_zero(&push.old) || is_zero(&push.new) {
            format!("{page}/compare/{}", push.git_ref.trim_start_matches("refs/heads/").trim_start_matches("refs/"))
        } else {
            format!("{page}/compare/{}...{}", short(&push.old), short(&push.new))
        };
        let mut whole = shape.repository(repository).await?;
        // Payloads of pushes have these as numbers, and more names for the branch.
        whole["created_at"] = repository.created_at.div_euclid(1_000_000).into();
        whole["pushed_at"] = push.created_at.div_euclid(1_000_000).into();
        whole["master_branch"] = repository.default_branch.as_str().into();
        whole["owner"]["name"] = repository.owner.as_str().into();
        whole["owner"]["email"] = Value::Null;
        Ok(parts([
            ("ref", push.git_ref.as_str().into()),
            ("before", push.old.as_str().into()),
            ("after", push.new.as_str().into()),
            ("repository", whole),
            ("pusher", json!({ "name": pusher["login"], "email": author.email })),
            ("created", is_zero(&push.old).into()),
            ("deleted", is_zero(&push.new).into()),
            ("forced", pushed.forced.into()),
            ("base_ref", Value::Null),
            ("compare", compare.into()),
            ("commits", commits.into()),
            ("head_commit", pushed.head.as_ref().map_or(Value::Null, commit)),
        ]))
    }
}

/// What came with a push of one ref.
struct Pushed {
    /// Oldest first.
    commits: Vec<Logged>,
    head: Option<Logged>,
    forced: bool,
}

impl Pushed {
    async fn read(
        repo: &Repo,
        push: &Push,
        in_full: bool,
        heads: &mut HashMap<String, Option<Logged>>,
    ) -> Result<Pushed> {
        let mut pushed = Pushed { commits: Vec::new(), head: None, forced: false };
        if is_zero(&push.new) {
            return Ok(pushed);
        }
        let old = (!is_zero(&push.old)).then_some(push.old.as_str());
        if in_full {
            let logged = match repo.pushed(&push.git_ref, old, &push.new, MOST_COMMITS).await {
                Ok(logged) => logged,
                // The old commit may be gone for good where a crash lay between; the push is told without its commits.
                Err(GitError::Failed { .. }) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            pushed.forced = logged.iter().any(|logged| logged.left);
            pushed.commits = logged.into_iter().filter(|logged| !logged.left).collect();
            pushed.head = pushed.commits.iter().find(|logged| logged.commit.sha == push.new).cloned();
            pushed.commits.reverse();
        }
        if pushed.head.is_none() {
            if !heads.contains_key(&push.new) {
                // Something that is no commit (a tag of a tree) has none.
                let commit: Option<Commit> = repo.commit(&format!("{}^{{commit}}", push.new)).await.ok();
                let logged = commit.map(|commit| Logged { commit, files: Vec::new(), left: false });
                heads.insert(push.new.clone(), logged);
            }
            pushed.head = heads.get(&push.new).cloned().flatten();
        }
        Ok(pushed)
    }
}
