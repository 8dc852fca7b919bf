use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use blob::Digest;
use serde_json::json;

use super::dispatch::Call;
use super::query::encode;
use crate::manifest::OCI_INDEX;
use crate::name::Repository;
use crate::problem::Problem;

/// Bytes of descriptors in one answer; clients read indexes of 4 MiB at least.
const PAGE: usize = 3 << 20;

/// `GET /v2/<name>/referrers/<digest>`: what has this manifest as its subject. In pages, by the digest that the last ended with.
pub(crate) async fn list(call: Call, name: Repository, subject: Digest) -> Result<Response, Problem> {
    let repository = name.clone();
    let mut referrers = call.registry.blocking(move |storage| storage.referrers(&repository, &subject)).await?;
    let wanted = call.query.get("artifactType").filter(|wanted| !wanted.is_empty());
    if let Some(wanted) = wanted {
        referrers.retain(|referrer| referrer.artifact_type.as_deref() == Some(wanted));
    }
    if let Some(last) = call.query.get("last").and_then(|last| last.parse::<Digest>().ok()) {
        referrers.retain(|referrer| referrer.digest > last);
    }
    let (mut size, mut next) = (0, None);
    let mut manifests = Vec::new();
    for referrer in referrers {
        let value = serde_json::to_value(&referrer).map_err(|error| Problem::internal(error.to_string()))?;
        size += value.to_string().len();
        if size > PAGE && !manifests.is_empty() {
            next = manifests.last().and_then(|last: &serde_json::Value| last["digest"].as_str().map(str::to_owned));
            break;
        }
        manifests.push(value);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    let mut response = ([(header::CONTENT_TYPE, OCI_INDEX)], Body::from(index.to_string())).into_response();
    if wanted.is_some() {
        response.headers_mut().insert("oci-filters-applied", axum::http::HeaderValue::from_static("artifactType"));
    }
    if let Some(last) = next {
        let filter = wanted.map(|wanted| format!("&artifactType={}", encode(wanted))).unwrap_or_default();
        let link = format!("</v2/{name}/referrers/{subject}?last={}{filter}>; rel=\"next\"", encode(&last));
        if let Ok(link) = link.parse() {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}
