//! Issues, comments and labels. Pull requests are issues too.

use serde_json::{Map, Value, json};
use store::comments::Comment;
use store::issues::{Issue, Label, NewIssue};
use store::repositories::Repository;

use crate::events::{Told, parts};
use crate::{Actor, Error, Forge, Result};

/// What is to be changed of an issue; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeIssue {
    pub title: Option<String>,
    pub body: Option<String>,
    /// `open` or `closed`
    pub state: Option<String>,
    pub state_reason: Option<String>,
    /// Ids of users.
    pub assignees: Option<Vec<i64>>,
    pub locked: Option<bool>,
}

/// Characters of a body or a comment, as on GitHub.
const LONGEST_BODY: usize = 65_536;

pub(crate) fn check_body(resource: &'static str, body: &str) -> Result<()> {
    if body.chars().count() > LONGEST_BODY {
        return Err(Error::invalid(resource, "body", "body is too long (maximum is 65536 characters)"));
    }
    Ok(())
}

impl Forge {
    /// An issue by its number.
    pub async fn issue(&self, repository: &Repository, number: i64) -> Result<Issue> {
        let found = store::issues::by_number(&mut self.store().read(), repository.id, number).await?;
        found.ok_or_else(|| Error::not_found(format!("issue {number}")))
    }

    /// Makes an issue.
    pub async fn create_issue(
        &self,
        repository: &Repository,
        actor: &Actor,
        title: &str,
        body: &str,
        labels: &[String],
        assignees: &[i64],
    ) -> Result<Issue> {
        if title.trim().is_empty() {
            return Err(Error::missing("Issue", "title"));
        }
        check_body("Issue", body)?;
        let mut tx = self.store().begin().await?;
        let number = store::repositories::take_number(&mut tx, repository.id).await?;
        let row = NewIssue {
            repo_id: repository.id,
            number,
            is_pull: false,
            title: title.trim(),
            body,
            author_id: actor.account_id,
            author_kind: actor.kind.name(),
        };
        let id = store::issues::insert(&mut tx, &row).await?;
        for name in labels {
            let label = self.label_for(&mut tx, repository, name).await?;
            store::issues::add_label(&mut tx, id, label.id).await?;
        }
        let mut issue = store::issues::by_id(&mut tx, id).await?.ok_or_else(|| Error::not_found("the issue"))?;
        if !assignees.is_empty() {
            let before = issue.clone();
            issue.assignees = json!(assignees);
            store::issues::update(&mut tx, &before, &issue).await?;
        }
        let told = self.tell_issue(repository, actor, "opened", &issue, Map::new()).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok(issue)
    }

    /// Changes an issue; of a pull request what it shares with issues.
    pub async fn change_issue(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        change: ChangeIssue,
    ) -> Result<Issue> {
        let mut issue = self.issue(repository, number).await?;
        if issue.is_pull && (change.state.is_some() || change.title.is_some() || change.body.is_some()) {
            let pull = crate::pulls::ChangePull {
                title: change.title.clone(),
                body: change.body.clone(),
                state: change.state.clone(),
                ..Default::default()
            };
            issue = self.change_pull(repository, actor, number, pull).await?.0;
        }
        let read = issue.clone();
        let mut actions: Vec<(&'static str, Map<String, Value>)> = Vec::new();
        let mut changes = Map::new();
        if let Some(title) = change.title.filter(|title| *title != issue.title) {
            if title.trim().is_empty() {
                return Err(Error::missing("Issue", "title"));
            }
            changes.insert("title".to_owned(), json!({ "from": issue.title }));
            issue.title = title;
        }
        if let Some(body) = change.body.filter(|body| *body != issue.body) {
            check_body("Issue", &body)?;
            changes.insert("body".to_owned(), json!({ "from": issue.body }));
            issue.body = body;
        }
        if !changes.is_empty() {
            actions.push(("edited", parts([("changes", Value::Object(changes))])));
        }
        if let Some(state) = change.state.filter(|state| *state != issue.state) {
            let closed = state == "closed";
            issue.closed_at = closed.then(|| self.store().now());
            issue.closed_by = closed.then_some(actor.account_id);
            issue.state_reason = Some(match (closed, change.state_reason.as_deref()) {
                (true, Some(reason)) => reason.to_owned(),
                (true, None) => "completed".to_owned(),
                (false, _) => "reopened".to_owned(),
            });
            issue.state = state;
            actions.push((if closed { "closed" } else { "reopened" }, Map::new()));
        }
        if let Some(locked) = change.locked.filter(|locked| *locked != issue.locked) {
            issue.locked = locked;
            actions.push((if locked { "locked" } else { "unlocked" }, Map::new()));
        }
        let mut told = Vec::new();
        if let Some(assignees) = change.assignees {
            let ids = |value: &Value| -> Vec<i64> {
                value.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
            };
            let before = ids(&issue.assignees);
            issue.assignees = json!(assignees);
            let added = assignees.iter().filter(|id| !before.contains(id)).map(|id| ("assigned", *id));
            let removed = before.iter().filter(|id| !assignees.contains(id)).map(|id| ("unassigned", *id));
            for (action, id) in added.chain(removed).collect::<Vec<_>>() {
                let more = parts([("assignee", self.shape().user(id).await?)]);
                told.push(self.tell_issue_or_pull(repository, actor, action, &issue, more).await?);
            }
        }
        for (action, more) in actions {
            told.push(self.tell_issue_or_pull(repository, actor, action, &issue, more).await?);
        }
        let mut tx = self.store().begin().await?;
        store::issues::update(&mut tx, &read, &issue).await?;
        self.append_events(&mut tx, told).await?;
        tx.commit().await?;
        self.issue(repository, number).await
    }

    /// An `issues` event, or `pull_request` where it is one.
    async fn tell_issue_or_pull(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        issue: &Issue,
        more: Map<String, Value>,
    ) -> Result<Told> {
        if !issue.is_pull {
            return self.tell_issue(repository, actor, action, issue, more).await;
        }
        let pull = store::pulls::by_issue(&mut self.store().read(), issue.id).await?;
        let pull = pull.ok_or_else(|| Error::not_found("the pull request"))?;
        self.tell_pull(repository, actor, action, issue, &pull, more).await
    }

    /// Comments on an issue or a pull request.
    pub async fn create_comment(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        body: &str,
    ) -> Result<(Issue, Comment)> {
        let issue = self.issue(repository, number).await?;
        if body.trim().is_empty() {
            return Err(Error::missing("IssueComment", "body"));
        }
        check_body("IssueComment", body)?;
        let mut tx = self.store().begin().await?;
        let comment = store::comments::insert(&mut tx, repository.id, issue.id, actor.account_id, body).await?;
        store::issues::touch(&mut tx, issue.id).await?;
        if issue.is_pull {
            crate::connections::tell_comment(&mut tx, number, &comment).await?;
        }
        let told = self.tell_comment(repository, actor, "created", &issue, &comment, Map::new()).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok((issue, comment))
    }

    /// A comment, and what it is on.
    pub async fn comment(&self, repository: &Repository, id: i64) -> Result<(Issue, Comment)> {
        let mut query = self.store().read();
        let comment = store::comments::by_id(&mut query, repository.id, id).await?;
        let comment = comment.ok_or_else(|| Error::not_found(format!("comment {id}")))?;
        let issue = store::issues::by_id(&mut query, comment.issue_id).await?;
        Ok((issue.ok_or_else(|| Error::not_found("the issue"))?, comment))
    }

    /// Changes a comment's text.
    pub async fn change_comment(
        &self,
        repository: &Repository,
        actor: &Actor,
        id: i64,
        body: &str,
    ) -> Result<(Issue, Comment)> {
        check_body("IssueComment", body)?;
        let (issue, mut comment) = self.comment(repository, id).await?;
        let more = parts([("changes", json!({ "body": { "from": comment.body } }))]);
        body.clone_into(&mut comment.body);
        comment.updated_at = self.store().now();
        let told = self.tell_comment(repository, actor, "edited", &issue, &comment, more).await?;
        let mut tx = self.store().begin().await?;
        store::comments::set_body(&mut tx, id, body).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok((issue, comment))
    }

    pub async fn delete_comment(&self, repository: &Repository, actor: &Actor, id: i64) -> Result<()> {
        let (issue, comment) = self.comment(repository, id).await?;
        let told = self.tell_comment(repository, actor, "deleted", &issue, &comment, Map::new()).await?;
        let mut tx = self.store().begin().await?;
        store::comments::delete(&mut tx, id).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A label by its name; made where there is none, as when an issue is given it.
    async fn label_for(&self, tx: &mut store::Tx, repository: &Repository, name: &str) -> Result<Label> {
        if let Some(label) = store::issues::label(tx, repository.id, name).await? {
            return Ok(label);
        }
        check_label(name, "ededed")?;
        Ok(store::issues::insert_label(tx, repository.id, name, "ededed", None).await?)
    }

    /// Gives an issue or a pull request labels: these beside others, or these alone.
    pub async fn label_issue(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        names: &[String],
        alone: bool,
    ) -> Result<Vec<Label>> {
        let issue = self.issue(repository, number).await?;
        let mut tx = self.store().begin().await?;
        let before = store::issues::labels_of(&mut tx, issue.id).await?;
        let mut changed = Vec::new();
        let mut wanted = Vec::new();
        for name in names {
            let label = self.label_for(&mut tx, repository, name).await?;
            wanted.push(label.id);
            if store::issues::add_label(&mut tx, issue.id, label.id).await? {
                changed.push(("labeled", label));
            }
        }
        for label in before.into_iter().filter(|label| alone && !wanted.contains(&label.id)) {
            store::issues::remove_label(&mut tx, issue.id, label.id).await?;
            changed.push(("unlabeled", label));
        }
        store::issues::touch(&mut tx, issue.id).await?;
        let labels = store::issues::labels_of(&mut tx, issue.id).await?;
        self.finish_labels(tx, repository, actor, &issue, changed).await?;
        Ok(labels)
    }

    /// Takes one label off.
    pub async fn unlabel_issue(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        name: &str,
    ) -> Result<Vec<Label>> {
        let issue = self.issue(repository, number).await?;
        let mut tx = self.store().begin().await?;
        let label = store::issues::label(&mut tx, repository.id, name).await?;
        let label = label.ok_or_else(|| Error::not_found("Label"))?;
        if !store::issues::remove_label(&mut tx, issue.id, label.id).await? {
            return Err(Error::not_found("Label"));
        }
        let labels = store::issues::labels_of(&mut tx, issue.id).await?;
        self.finish_labels(tx, repository, actor, &issue, vec![("unlabeled", label)]).await?;
        Ok(labels)
    }

    /// Tells of labels once they are written: payloads show the issue as it is then.
    async fn finish_labels(
        &self,
        mut tx: store::Tx,
        repository: &Repository,
        actor: &Actor,
        issue: &Issue,
        changed: Vec<(&'static str, Label)>,
    ) -> Result<()> {
        let all = store::issues::labels_of(&mut tx, issue.id).await?;
        let full_name = repository.full_name();
        let mut told = Vec::new();
        for (action, label) in changed {
            let shape = self.shape();
            let more = parts([("label", shape.label(&full_name, &label))]);
            let mut event = self.tell_issue_or_pull(repository, actor, action, issue, more).await?;
            let labels: Vec<Value> = all.iter().map(|label| shape.label(&full_name, label)).collect();
            let name = if issue.is_pull { "pull_request" } else { "issue" };
            event.event.payload[name]["labels"] = labels.into();
            told.push(event);
        }
        self.append_events(&mut tx, told).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes a label.
    pub async fn create_label(
        &self,
        repository: &Repository,
        actor: &Actor,
        name: &str,
        color: &str,
        description: Option<&str>,
    ) -> Result<Label> {
        let color = color.trim_start_matches('#').to_lowercase();
        check_label(name, &color)?;
        let mut tx = self.store().begin().await?;
        let label = store::issues::insert_label(&mut tx, repository.id, name, &color, description)
            .await
            .map_err(|error| label_taken(error, name))?;
        let told = self.tell_label(repository, actor, "created", &label).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok(label)
    }

    /// Writes a label that was read and changed.
    pub async fn change_label(&self, repository: &Repository, actor: &Actor, label: &Label) -> Result<()> {
        check_label(&label.name, &label.color)?;
        let told = self.tell_label(repository, actor, "edited", label).await?;
        let mut tx = self.store().begin().await?;
        store::issues::update_label(&mut tx, label).await.map_err(|error| label_taken(error, &label.name))?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn delete_label(&self, repository: &Repository, actor: &Actor, label: &Label) -> Result<()> {
        let told = self.tell_label(repository, actor, "deleted", label).await?;
        let mut tx = self.store().begin().await?;
        store::issues::delete_label(&mut tx, label.id).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn check_label(name: &str, color: &str) -> Result<()> {
    if name.trim().is_empty() || name.chars().count() > 50 {
        return Err(Error::invalid("Label", "name", "a label's name has 1 to 50 characters"));
    }
    if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::invalid("Label", "color", "a color is six hex digits"));
    }
    Ok(())
}

fn label_taken(error: store::Error, name: &str) -> Error {
    if error.is_taken() {
        return Error::exists("Label", "name", format!("there is a label `{name}`"));
    }
    error.into()
}
