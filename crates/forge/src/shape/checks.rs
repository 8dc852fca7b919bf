use serde_json::{Value, json};
use store::checks::{CheckRun, CheckSuite};
use store::repositories::Repository;
use store::statuses::Status;

use super::Shape;
use super::times::{at, maybe};
use crate::Result;
use crate::ids::node_id;

impl Shape<'_> {
    /// A commit status.
    pub async fn status(&mut self, full_name: &str, status: &Status) -> Result<Value> {
        Ok(json!({
            "url": format!("{}/statuses/{}", self.urls().repo(full_name), status.sha),
            "avatar_url": "",
            "id": status.id,
            "node_id": node_id("StatusContext", status.id),
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": at(status.created_at),
            "updated_at": at(status.created_at),
            "creator": self.user(status.creator_id).await?,
        }))
    }

    /// The application that reports checks.
    pub async fn app(&mut self, slug: &str) -> Result<Value> {
        let name = if slug == "github-actions" { "GitHub Actions" } else { slug };
        Ok(json!({
            "id": if slug == "github-actions" { 15368 } else { 1 },
            "slug": slug,
            "node_id": slug,
            "owner": self.user(identity::ACTIONS_BOT_ID).await?,
            "name": name,
            "description": "",
            "external_url": self.urls().web,
            "html_url": self.urls().web,
            "created_at": "2018-07-30T09:30:17Z",
            "updated_at": "2018-07-30T09:30:17Z",
            "permissions": {},
            "events": [],
        }))
    }

    /// A check run.
    pub async fn check_run(&mut self, repository: &Repository, app: &str, run: &CheckRun) -> Result<Value> {
        let full_name = repository.full_name();
        let api = format!("{}/check-runs/{}", self.urls().repo(&full_name), run.id);
        let page = format!("{}/runs/{}", self.urls().page(&full_name), run.id);
        let text = |name: &str| run.output.get(name).cloned().unwrap_or_default();
        Ok(json!({
            "id": run.id,
            "name": run.name,
            "node_id": node_id("CheckRun", run.id),
            "head_sha": run.head_sha,
            "external_id": run.external_id,
            "url": api,
            "html_url": run.details_url.as_deref().unwrap_or(&page),
            "details_url": run.details_url.as_deref().unwrap_or(&page),
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": maybe(run.started_at),
            "completed_at": maybe(run.completed_at),
            "output": {
                "title": text("title"),
                "summary": text("summary"),
                "text": text("text"),
                "annotations_count": run.annotations.as_array().map_or(0, Vec::len),
                "annotations_url": format!("{api}/annotations"),
            },
            "check_suite": { "id": run.suite_id },
            "app": self.app(app).await?,
            "pull_requests": self.pulls_of_commit(repository, &run.head_sha).await?,
        }))
    }

    /// A check suite; its state is that of its runs.
    pub async fn check_suite(&mut self, repository: &Repository, suite: &CheckSuite) -> Result<Value> {
        let runs = store::checks::of_suite(&mut self.read(), suite.id).await?;
        self.check_suite_with(repository, suite, crate::checks::suite_state(&runs), runs.len()).await
    }

    /// A check suite in a state that is known, with so many runs.
    pub(crate) async fn check_suite_with(
        &mut self,
        repository: &Repository,
        suite: &CheckSuite,
        (status, conclusion): (&str, Option<&str>),
        runs: usize,
    ) -> Result<Value> {
        let full_name = repository.full_name();
        let api = format!("{}/check-suites/{}", self.urls().repo(&full_name), suite.id);
        Ok(json!({
            "id": suite.id,
            "node_id": node_id("CheckSuite", suite.id),
            "head_branch": suite.head_branch,
            "head_sha": suite.head_sha,
            "status": status,
            "conclusion": conclusion,
            "url": api,
            "before": suite.before,
            "after": suite.head_sha,
            "pull_requests": self.pulls_of_commit(repository, &suite.head_sha).await?,
            "app": self.app(&suite.app).await?,
            "repository": self.repository(repository).await?,
            "created_at": at(suite.created_at),
            "updated_at": at(suite.updated_at),
            "latest_check_runs_count": runs,
            "check_runs_url": format!("{api}/check-runs"),
            "rerequestable": true,
            "runs_rerequestable": true,
        }))
    }

    /// Open pull requests with this head, in short.
    async fn pulls_of_commit(&mut self, repository: &Repository, sha: &str) -> Result<Vec<Value>> {
        let pulls = store::pulls::open_with_sha(&mut self.read(), repository.id, sha).await?;
        let mut shapes = Vec::new();
        for pull in pulls.into_iter().filter(|pull| !pull.is_from_fork()) {
            let repo = self.urls().repo(&repository.full_name());
            let end = json!({ "id": repository.id, "url": repo, "name": repository.name });
            shapes.push(json!({
                "id": pull.issue_id,
                "number": pull.number,
                "url": format!("{repo}/pulls/{}", pull.number),
                "head": { "ref": pull.head_ref, "sha": pull.head_sha, "repo": end },
                "base": { "ref": pull.base_ref, "sha": pull.base_sha, "repo": end },
            }));
        }
        Ok(shapes)
    }
}
