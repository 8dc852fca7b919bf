use serde_json::{Map, Value, json};
use store::repositories::Repository;

use super::Shape;
use super::times::{at, maybe};
use crate::Result;
use crate::ids::node_id;

/// Names below a repository in the API, as `<name>_url` templates.
const TEMPLATES: &[(&str, &str)] = &[
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
];

impl Shape<'_> {
    /// A repository by its id; null when it is gone.
    pub async fn repository_by_id(&mut self, id: impl Into<Option<i64>>) -> Result<Value> {
        let Some(id) = id.into() else { return Ok(Value::Null) };
        if let Some(known) = self.repositories.get(&id) {
            return Ok(known.clone());
        }
        match store::repositories::by_id(&mut self.read(), id).await? {
            Some(repository) => self.repository(&repository).await,
            None => Ok(Value::Null),
        }
    }

    /// A repository.
    pub async fn repository(&mut self, repository: &Repository) -> Result<Value> {
        if let Some(known) = self.repositories.get(&repository.id) {
            return Ok(known.clone());
        }
        let owner = self.user(repository.owner_id).await?;
        let (forks, open_issues) = store::repositories::counts(&mut self.read(), repository.id).await?;
        let full_name = repository.full_name();
        let (web, api) = (self.urls().page(&full_name), self.urls().repo(&full_name));
        let mut shape = json!({
            "id": repository.id,
            "node_id": node_id("Repository", repository.id),
            "name": repository.name,
            "full_name": full_name,
            "private": repository.is_private(),
            "owner": owner,
            "html_url": web,
            "description": text_or_null(&repository.description),
            "fork": repository.fork_of.is_some(),
            "url": api,
        });
        let more = json!({
            "created_at": at(repository.created_at),
            "updated_at": at(repository.updated_at),
            "pushed_at": maybe(repository.pushed_at),
            "git_url": format!("{web}.git"),
            "ssh_url": format!("{web}.git"),
            "clone_url": format!("{web}.git"),
            "svn_url": web,
            "homepage": text_or_null(&repository.homepage),
            "size": repository.size / 1024,
            "stargazers_count": 0,
            "watchers_count": 0,
            "language": null,
            "has_issues": repository.setting("has_issues", true),
            "has_projects": false,
            "has_downloads": true,
            "has_wiki": false,
            "has_pages": false,
            "has_discussions": false,
            "forks_count": forks,
            "mirror_url": null,
            "archived": repository.archived,
            "disabled": false,
            "open_issues_count": open_issues,
            "license": null,
            "allow_forking": true,
            "is_template": false,
            "web_commit_signoff_required": false,
            "topics": repository.topics,
            "visibility": repository.visibility,
            "forks": forks,
            "open_issues": open_issues,
            "watchers": 0,
            "default_branch": repository.default_branch,
        });
        if let Some(map) = shape.as_object_mut() {
            for (name, template) in TEMPLATES {
                map.insert((*name).to_owned(), format!("{api}{template}").into());
            }
            map.extend(more.as_object().cloned().unwrap_or_default());
        }
        self.repositories.insert(repository.id, shape.clone());
        Ok(shape)
    }

    /// A repository with its settings and, for forks, where it comes from: the answer to asking for one.
    pub async fn full_repository(&mut self, repository: &Repository, permissions: Option<Value>) -> Result<Value> {
        let mut shape = self.repository(repository).await?;
        let parent = self.repository_by_id(repository.fork_of).await?;
        let source = self.repository_by_id(repository.fork_root).await?;
        if let Some(map) = shape.as_object_mut() {
            map.extend(merge_settings(repository));
            map.insert("network_count".to_owned(), map.get("forks_count").cloned().unwrap_or_default());
            map.insert("subscribers_count".to_owned(), 0.into());
            map.insert("temp_clone_token".to_owned(), Value::Null);
            if !parent.is_null() {
                map.insert("parent".to_owned(), parent);
                map.insert("source".to_owned(), source);
            }
            if repository.owner_kind == "Organization" {
                map.insert("organization".to_owned(), map.get("owner").cloned().unwrap_or_default());
            }
            if let Some(permissions) = permissions {
                map.insert("permissions".to_owned(), permissions);
            }
        }
        Ok(shape)
    }
}

/// The settings for pull requests, with GitHub's names and defaults.
pub(crate) fn merge_settings(repository: &Repository) -> Map<String, Value> {
    let on = |name: &str, or: bool| (name.to_owned(), Value::Bool(repository.setting(name, or)));
    let text = |name: &str, or: &str| {
        let value = repository.settings.get(name).and_then(Value::as_str).unwrap_or(or);
        (name.to_owned(), Value::from(value))
    };
    Map::from_iter([
        on("allow_squash_merge", true),
        on("allow_merge_commit", true),
        on("allow_rebase_merge", true),
        on("allow_auto_merge", false),
        on("delete_branch_on_merge", false),
        on("allow_update_branch", false),
        on("use_squash_pr_title_as_default", false),
        text("squash_merge_commit_message", "COMMIT_MESSAGES"),
        text("squash_merge_commit_title", "COMMIT_OR_PR_TITLE"),
        text("merge_commit_message", "PR_TITLE"),
        text("merge_commit_title", "MERGE_MESSAGE"),
    ])
}

pub(crate) fn text_or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}
