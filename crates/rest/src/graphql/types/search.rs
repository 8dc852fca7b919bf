//! Search, as `gh pr list --author` and `gh pr status` use it: within one repository.

use std::sync::Arc;

use identity::Permission;
use store::issues::{Issue, IssueFilter};
use store::repositories::Repository;

use super::{issue, pull};
use crate::graphql::args::Args;
use crate::graphql::connection;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out};

/// Issues of a repository that are looked at.
const MOST: i64 = 10_000;

/// The words of a query.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    repo: Option<(String, String)>,
    pull: Option<bool>,
    state: Option<&'static str>,
    merged: Option<bool>,
    author: Option<String>,
    assignee: Option<String>,
    review_requested: Option<String>,
    labels: Vec<String>,
    head: Option<String>,
    base: Option<String>,
    draft: Option<bool>,
    words: Vec<String>,
}

fn read(query: &str) -> Result<Wanted, Fault> {
    let mut wanted = Wanted::default();
    for word in words(query) {
        let Some((name, value)) = word.split_once(':').filter(|(name, _)| !name.is_empty()) else {
            wanted.words.push(word.trim_matches('"').to_lowercase());
            continue;
        };
        let value = value.trim_matches('"').to_owned();
        match (name, value.as_str()) {
            ("repo", _) => {
                let (owner, name) = value.split_once('/').ok_or_else(|| wrong(&word))?;
                wanted.repo = Some((owner.to_owned(), name.to_owned()));
            }
            ("is" | "type", "pr") => wanted.pull = Some(true),
            ("is" | "type", "issue") => wanted.pull = Some(false),
            ("is" | "state", "open") => wanted.state = Some("open"),
            ("is" | "state", "closed") => wanted.state = Some("closed"),
            ("is", "merged") => wanted.merged = Some(true),
            ("is", "unmerged") => wanted.merged = Some(false),
            ("is", "draft") | ("draft", "true") => wanted.draft = Some(true),
            ("draft", "false") => wanted.draft = Some(false),
            ("author", _) => wanted.author = Some(value),
            ("assignee", _) => wanted.assignee = Some(value),
            ("review-requested", _) => wanted.review_requested = Some(value),
            ("label", _) => wanted.labels.push(value.to_lowercase()),
            ("head", _) => wanted.head = Some(value),
            ("base", _) => wanted.base = Some(value),
            ("archived" | "sort", _) => {}
            _ => return Err(wrong(&word)),
        }
    }
    Ok(wanted)
}

fn wrong(word: &str) -> Fault {
    Fault::new("UNPROCESSABLE", format!("The search does not know `{word}`."))
}

/// Words; what stands in quotes is one.
fn words(query: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in query.chars() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            words.push(std::mem::take(&mut word));
        } else {
            word.push(c);
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

pub(crate) async fn search(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let wanted = read(args.required("query")?)?;
    let Some((owner, name)) = &wanted.repo else {
        return Err(Fault::new("UNPROCESSABLE", "A search names one repository: `repo:owner/name`."));
    };
    let repo = context.repository(owner, name).await?;
    let pulls = reads(context, &repo, Permission::PullRequests, wanted.pull).await?;
    let issues = reads(context, &repo, Permission::Issues, wanted.pull.map(|pull| !pull)).await?;
    let is_pull = match (pulls, issues) {
        (true, true) => wanted.pull,
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => {
            return context.read(&repo, Permission::Issues).await.map(|()| connection::of(args, Vec::new()));
        }
    };
    let mut query = context.api.store().read();
    let author_id = match &wanted.author {
        Some(login) => Some(account_id(context, login).await?),
        None => None,
    };
    let filter = IssueFilter {
        state: wanted.state,
        is_pull,
        author_id,
        labels: &wanted.labels,
        sort: "created",
        ascending: false,
        since: None,
    };
    let found = store::issues::list(&mut query, repo.id, &filter, MOST, 0).await?;
    let mut nodes = Vec::new();
    for one in found {
        if let Some(node) = fits(context, &repo, &wanted, one).await? {
            nodes.push(node);
        }
    }
    Ok(connection::of(args, nodes))
}

/// Whether one kind of thing is looked for: what a token may not read is refused where it was asked for by name (`is:issue`),
/// else it is not found.
async fn reads(
    context: &Context<'_>,
    repo: &Repository,
    permission: Permission,
    asked: Option<bool>,
) -> Result<bool, Fault> {
    match asked {
        Some(false) => Ok(false),
        Some(true) => context.read(repo, permission).await.map(|()| true),
        None => context.could_read(repo, permission).await,
    }
}

/// The id of a login; of one that is not there, one that nobody has.
async fn account_id(context: &Context<'_>, login: &str) -> Result<i64, Fault> {
    if login == "@me" {
        return Ok(context.caller.account_id().unwrap_or(-1));
    }
    let user = store::users::by_login(&mut context.api.store().read(), login).await?;
    Ok(user.map_or(-1, |user| user.id))
}

async fn fits(
    context: &Context<'_>,
    repo: &Arc<Repository>,
    wanted: &Wanted,
    one: Issue,
) -> Result<Option<Node>, Fault> {
    let text = format!("{} {}", one.title, one.body).to_lowercase();
    if !wanted.words.iter().all(|word| text.contains(word.as_str())) {
        return Ok(None);
    }
    if let Some(login) = &wanted.assignee {
        let id = account_id(context, login).await?;
        if !one.assignees.as_array().is_some_and(|ids| ids.iter().any(|assignee| assignee.as_i64() == Some(id))) {
            return Ok(None);
        }
    }
    let mut query = context.api.store().read();
    if let Some(login) = &wanted.review_requested {
        let id = account_id(context, login).await?;
        let asked = store::pulls::requested(&mut query, one.id).await?;
        if !asked.iter().any(|(kind, asked)| kind == "user" && *asked == id) {
            return Ok(None);
        }
    }
    if !one.is_pull {
        let of_pulls = wanted.merged.is_some() || wanted.draft.is_some() || wanted.head.is_some();
        return Ok((!of_pulls).then(|| issue::node(context, repo.clone(), one)));
    }
    let Some(found) = store::pulls::by_issue(&mut query, one.id).await? else { return Ok(None) };
    let same = |wanted: &Option<String>, have: &str| wanted.as_ref().is_none_or(|wanted| wanted == have);
    let fits = wanted.merged.is_none_or(|merged| merged == found.merged)
        && wanted.draft.is_none_or(|draft| draft == found.draft)
        && same(&wanted.head, &found.head_ref)
        && same(&wanted.base, &found.base_ref);
    Ok(fits.then(|| pull::node(context, repo.clone(), one, found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        let wanted = read(r#"repo:o/r state:open is:pr author:ann label:"good first" fix "two words""#).unwrap();
        let expected = Wanted {
            repo: Some(("o".into(), "r".into())),
            pull: Some(true),
            state: Some("open"),
            author: Some("ann".into()),
            labels: vec!["good first".into()],
            words: vec!["fix".into(), "two words".into()],
            ..Wanted::default()
        };
        assert_eq!(wanted, expected);
        assert!(read("stars:>100").is_err());
    }
}
