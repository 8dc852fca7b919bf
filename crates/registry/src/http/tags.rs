use axum::response::Response;
use serde_json::json;

use super::catalog::Page;
use super::dispatch::Call;
use crate::name::Repository;
use crate::problem::Problem;

/// `GET /v2/<name>/tags/list`
pub(crate) async fn list(call: Call, name: Repository) -> Result<Response, Problem> {
    let repository = name.clone();
    let tags = call
        .registry
        .blocking(move |storage| {
            if !storage.has_repository(&repository) {
                return Ok(None);
            }
            storage.tags(&repository).map(Some)
        })
        .await?;
    let tags = tags.ok_or_else(|| Problem::name_unknown(name.as_str()))?;
    let page = Page::of(tags.iter().map(|tag| tag.as_str().to_owned()).collect(), &call)?;
    Ok(page.answer(&format!("/v2/{name}/tags/list"), |tags| json!({ "name": name.as_str(), "tags": tags })))
}
