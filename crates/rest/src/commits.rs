//! Commits and comparisons, and what is reported on commits.

use forge::git::HistoryPage;
use forge::shape::file_diff;
use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::repositories::Repository;

use crate::route::fields::{BRANCH, COMMIT, PULL};
use crate::{Access, Answer, Api, Call, Gives, Media, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Contents, Level::Read, Role::Read);

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/commits", READ, handler!(list), "Commits, newest first.")
        .params(&[
            Param::text("sha", "a branch or a commit to begin with"),
            Param::text("path", "only commits that changed this"),
            Param::text("author", "a login or an address"),
            Param::text("since", "a time"),
            Param::text("until", "a time"),
        ])
        .list(COMMIT),
    Route::get("/repos/{owner}/{repo}/commits/{ref}", READ, handler!(get), "A commit with its changes.")
        .gives(200, Gives::Bytes),
    Route::get("/repos/{owner}/{repo}/compare/{basehead*}", READ, handler!(compare), "How two commits stand.")
        .gives(200, Gives::Bytes),
    Route::get("/repos/{owner}/{repo}/commits/{sha}/pulls", READ, handler!(pulls), "Pull requests of a commit.")
        .list(PULL),
    Route::get(
        "/repos/{owner}/{repo}/commits/{sha}/branches-where-head",
        READ,
        handler!(heads),
        "Branches that point to a commit.",
    )
    .list(BRANCH),
];

/// The commit that a text stands for.
pub(crate) async fn resolve(api: &Api, repository: &Repository, text: &str) -> Result<String> {
    let found = api.forge().git(repository.id).resolve(text).await.map_err(forge::Error::from)?;
    found.ok_or_else(|| Problem::unprocessable(format!("No commit found for SHA: {text}")))
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repository) = (call.page(), call.repo()?);
    let repo = api.forge().git(repository.id);
    let name = call.query("sha").unwrap_or(&repository.default_branch);
    let Some(head) = repo.resolve(name).await.map_err(forge::Error::from)? else {
        if repository.pushed_at.is_none() {
            return Err(Problem::conflict("Git Repository is empty."));
        }
        return Err(Problem::not_found());
    };
    let author = match call.query("author") {
        Some(author) => {
            let user = store::users::by_login(&mut api.store().read(), author).await?;
            Some(user.and_then(|user| user.email).unwrap_or_else(|| author.to_owned()))
        }
        None => None,
    };
    let wanted = HistoryPage {
        count: page.per_page + 1,
        skip: page.offset(),
        author: author.as_deref(),
        since: call.query("since"),
        until: call.query("until"),
    };
    let commits = repo.history(&head, call.query("path"), &wanted).await.map_err(forge::Error::from)?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for commit in &commits {
        items.push(shape.commit(repository, commit).await?);
    }
    Ok(Answer::page(call, page, items))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    let sha = resolve(api, repository, call.param("ref")).await?;
    if call.media == Media::Sha {
        return Ok(Answer::bytes("application/vnd.github.sha; charset=utf-8", sha));
    }
    let commit = repo.commit(&sha).await.map_err(forge::Error::from)?;
    let parent = commit.parents.first().map_or(forge::git::EMPTY_TREE, String::as_str);
    match call.media {
        Media::Diff => {
            let text = repo.diff_trees_text(parent, &sha).await.map_err(forge::Error::from)?;
            return Ok(Answer::bytes("application/vnd.github.diff; charset=utf-8", text));
        }
        Media::Patch => {
            let text = repo.commit_patch(&sha).await.map_err(forge::Error::from)?;
            return Ok(Answer::bytes("application/vnd.github.patch; charset=utf-8", text));
        }
        _ => {}
    }
    let files = repo.diff_files(parent, &sha).await.map_err(forge::Error::from)?;
    let mut body = api.forge().shape().commit(repository, &commit).await?;
    let (additions, deletions) = (sum(&files, |f| f.additions), sum(&files, |f| f.deletions));
    body["stats"] = json!({ "total": additions + deletions, "additions": additions, "deletions": deletions });
    let full_name = repository.full_name();
    let urls = api.forge().urls();
    body["files"] =
        files.iter().take(3000).map(|file| file_diff(urls, &full_name, &sha, file)).collect::<Vec<_>>().into();
    Ok(Answer::json(body))
}

fn sum(files: &[forge::git::FileDiff], of: impl Fn(&forge::git::FileDiff) -> u64) -> u64 {
    files.iter().map(of).sum()
}

/// One side of a comparison, `branch`, `owner:branch` or `owner:repository:branch`: the repository of the line, and the commit.
async fn side(api: &Api, call: &Call, text: &str) -> Result<(Repository, String)> {
    let repository = call.repo()?;
    let (of, name) = match text.split_once(':') {
        None => (repository.clone(), text),
        Some((owner, rest)) => {
            let (named, name) = rest.split_once(':').map_or((None, rest), |(named, name)| (Some(named), name));
            let is_own = owner.eq_ignore_ascii_case(&repository.owner)
                && named.is_none_or(|named| named.eq_ignore_ascii_case(&repository.name));
            let of = match is_own {
                true => Some(repository.clone()),
                false => api.forge().of_line(repository, &call.caller, owner, named).await?,
            };
            (of.ok_or_else(Problem::not_found)?, name)
        }
    };
    let found = api.forge().git(of.id).resolve(name).await.map_err(forge::Error::from)?;
    Ok((of, found.ok_or_else(Problem::not_found)?))
}

async fn compare(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let text = call.param("basehead");
    let (base, head) = text.split_once("...").or_else(|| text.split_once("..")).ok_or_else(Problem::not_found)?;
    let (base_of, base_sha) = side(api, call, base).await?;
    let (head_of, head_sha) = side(api, call, head).await?;
    let mut repo = api.forge().git(base_of.id);
    if base_of.id != head_of.id {
        repo = repo.beside(&api.forge().git(head_of.id));
    }
    match call.media {
        Media::Diff => {
            let text = repo.diff_text(&base_sha, &head_sha).await.map_err(forge::Error::from)?;
            return Ok(Answer::bytes("application/vnd.github.diff; charset=utf-8", text));
        }
        Media::Patch => {
            let text = repo.patch_text(&base_sha, &head_sha).await.map_err(forge::Error::from)?;
            return Ok(Answer::bytes("application/vnd.github.patch; charset=utf-8", text));
        }
        _ => {}
    }
    let found = repo.compare(&base_sha, &head_sha).await.map_err(forge::Error::from)?;
    let status = match (found.ahead_by, found.behind_by) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let full_name = repository.full_name();
    let (urls, mut shape) = (api.forge().urls(), api.forge().shape());
    let mut commits = Vec::new();
    for commit in &found.commits {
        // Forks share no objects: what is only the head's has its address there.
        commits.push(shape.commit(&head_of, commit).await?);
    }
    let base_commit = repo.commit(&base_sha).await.map_err(forge::Error::from)?;
    let merge_base = match &found.merge_base {
        Some(sha) => {
            let commit = repo.commit(sha).await.map_err(forge::Error::from)?;
            shape.commit(&base_of, &commit).await?
        }
        None => Value::Null,
    };
    let (url, page) = (urls.repo(&full_name), urls.page(&full_name));
    Ok(Answer::json(json!({
        "url": format!("{url}/compare/{base}...{head}"),
        "html_url": format!("{page}/compare/{base}...{head}"),
        "permalink_url": format!("{page}/compare/{base_sha}...{head_sha}"),
        "diff_url": format!("{page}/compare/{base}...{head}.diff"),
        "patch_url": format!("{page}/compare/{base}...{head}.patch"),
        "base_commit": shape.commit(&base_of, &base_commit).await?,
        "merge_base_commit": merge_base,
        "status": status,
        "ahead_by": found.ahead_by,
        "behind_by": found.behind_by,
        "total_commits": found.ahead_by,
        "commits": commits,
        "files": found.files.iter().take(300).map(|file| file_diff(urls, &head_of.full_name(), &head_sha, file)).collect::<Vec<_>>(),
    })))
}

async fn pulls(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let sha = resolve(api, repository, call.param("sha")).await?;
    let mut items = Vec::new();
    let mut shape = api.forge().shape();
    for pull in store::pulls::with_commit(&mut api.store().read(), repository.id, &sha).await? {
        let (issue, pull) = api.forge().pull(repository, pull.number).await?;
        items.push(shape.pull(repository, &issue, &pull).await?);
    }
    Ok(Answer::whole(call, call.page(), items))
}

async fn heads(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let sha = call.param("sha");
    let base = api.forge().urls().repo(&repository.full_name());
    let refs = api.forge().git(repository.id).refs(&["refs/heads/"]).await.map_err(forge::Error::from)?;
    let items: Vec<Value> = refs
        .iter()
        .filter(|found| found.oid == sha)
        .map(|found| {
            let name = found.name.trim_start_matches("refs/heads/");
            json!({ "name": name, "commit": { "sha": sha, "url": format!("{base}/commits/{sha}") }, "protected": false })
        })
        .collect();
    Ok(Answer::json(items))
}
