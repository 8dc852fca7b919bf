//! Caches of a repository.

use identity::Action;
use serde_json::{Value, json};
use store::caches::Cache;

use super::workflows::{READ, WRITE};
use crate::route::fields::CACHE;
use crate::{Answer, Api, Call, Gives, Kind, Param, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/actions/caches", READ, handler!(list), "Caches of a repository.")
        .params(&[
            Param::text("key", "Only caches whose key begins so."),
            Param::text("ref", "Only caches of this ref: `refs/heads/main`."),
            Param::new("sort", Kind::Choice(&["created_at", "last_accessed_at", "size_in_bytes"]), "The order."),
            Param::new("direction", Kind::Choice(&["asc", "desc"]), "Its direction."),
        ])
        .wrapped("actions_caches", CACHE),
    Route::delete(
        "/repos/{owner}/{repo}/actions/caches",
        WRITE,
        handler!(delete_by_key),
        "Deletes the caches of a key.",
    )
    .params(&[Param::text("key", "The whole key."), Param::text("ref", "Only of this ref.")])
    .status(200),
    Route::delete("/repos/{owner}/{repo}/actions/caches/{cache_id}", WRITE, handler!(delete), "Deletes a cache."),
    Route::get("/repos/{owner}/{repo}/actions/cache/usage", READ, handler!(usage), "How much the caches take.").gives(
        200,
        Gives::Object(&[
            crate::Field::required("active_caches_count", Kind::Integer),
            crate::Field::required("active_caches_size_in_bytes", Kind::Integer),
        ]),
    ),
];

fn shape(cache: &Cache) -> Value {
    json!({
        "id": cache.id,
        "ref": cache.scope,
        "key": cache.cache_key,
        "version": cache.version,
        "last_accessed_at": forge::shape::at(cache.used_at),
        "created_at": forge::shape::at(cache.created_at),
        "size_in_bytes": cache.size,
    })
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repo) = (call.page(), call.repo()?.id);
    let mut found = store::caches::of_repo(&mut api.store().read(), repo).await?;
    found.retain(|cache| {
        call.query("key").is_none_or(|key| cache.cache_key.starts_with(key))
            && call.query("ref").is_none_or(|scope| cache.scope == scope)
    });
    match call.query("sort") {
        Some("created_at") => found.sort_by_key(|cache| cache.created_at),
        Some("size_in_bytes") => found.sort_by_key(|cache| cache.size),
        _ => found.sort_by_key(|cache| cache.used_at),
    }
    if call.query("direction") != Some("asc") {
        found.reverse();
    }
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let items = found.iter().skip(page.offset()).map(shape).collect();
    Ok(Answer::wrapped(call, page, "actions_caches", items, total))
}

async fn remove(api: &Api, call: &Call, cache: &Cache) -> Result<()> {
    let mut tx = api.store().begin().await?;
    let action =
        Action::new("cache.delete", &cache.cache_key).repo(cache.repo_id).details(json!({ "ref": cache.scope }));
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    api.depot().delete_cache(cache.id).await?;
    Ok(())
}

async fn delete_by_key(api: &Api, call: &mut Call) -> Result {
    let key = call.query("key").ok_or_else(|| Problem::invalid("key", "`key` is missing"))?;
    let mut found = store::caches::of_repo(&mut api.store().read(), call.repo()?.id).await?;
    found.retain(|cache| cache.cache_key == key && call.query("ref").is_none_or(|scope| cache.scope == scope));
    if found.is_empty() {
        return Err(Problem::not_found());
    }
    for cache in &found {
        remove(api, call, cache).await?;
    }
    Ok(Answer::json(
        json!({ "total_count": found.len(), "actions_caches": found.iter().map(shape).collect::<Vec<_>>() }),
    ))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let cache = store::caches::by_id(&mut api.store().read(), call.id("cache_id")?).await?;
    let repo = call.repo()?.id;
    let cache = cache.filter(|cache| cache.repo_id == repo).ok_or_else(Problem::not_found)?;
    remove(api, call, &cache).await?;
    Ok(Answer::empty())
}

async fn usage(api: &Api, call: &mut Call) -> Result {
    let repo = call.repo()?;
    let (count, size) = store::caches::usage(&mut api.store().read(), repo.id).await?;
    Ok(Answer::json(json!({
        "full_name": repo.full_name(),
        "active_caches_count": count,
        "active_caches_size_in_bytes": size,
    })))
}
