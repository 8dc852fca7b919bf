use serde_json::{Map, Value};
use store::comments::Comment;
use store::issues::{Issue, Label};
use store::repositories::Repository;

use super::{About, Told, parts};
use crate::{Actor, Forge, Result};

impl Forge {
    /// `issues`; `more` are parts such as the label.
    pub(crate) async fn tell_issue(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        issue: &Issue,
        more: Map<String, Value>,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let mut payload = parts([("issue", shape.issue(repository, issue).await?)]);
        payload.extend(more);
        let about = About { name: "issues", action: Some(action), ..About::default() };
        self.told(&mut shape, repository, actor, about, payload).await
    }

    /// `issue_comment`, on issues and pull requests alike.
    pub(crate) async fn tell_comment(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        issue: &Issue,
        comment: &Comment,
        more: Map<String, Value>,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let mut payload = parts([
            ("issue", shape.issue(repository, issue).await?),
            ("comment", shape.comment(repository, issue, comment).await?),
        ]);
        payload.extend(more);
        let about = About { name: "issue_comment", action: Some(action), ..About::default() };
        self.told(&mut shape, repository, actor, about, payload).await
    }

    /// `label`.
    pub(crate) async fn tell_label(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        label: &Label,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let whole = shape.label(&repository.full_name(), label);
        let about = About { name: "label", action: Some(action), ..About::default() };
        self.told(&mut shape, repository, actor, about, parts([("label", whole)])).await
    }
}
