use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use identity::Level;

use super::access::{self, Viewing};
use super::answer::Refusal;
use crate::{Error, Forge};

/// A file of a release by its page's address.
pub(super) async fn download(
    State(forge): State<Forge>,
    Path((owner, name, tag, file)): Path<(String, String, String, String)>,
    Viewing(caller): Viewing,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Read).await?;
    let mut query = forge.store().read();
    let release = store::releases::by_tag(&mut query, repository.id, &tag).await?;
    let release = release.ok_or_else(|| Error::not_found("the release"))?;
    let assets = store::releases::assets(&mut query, release.id).await?;
    let asset = assets.into_iter().find(|asset| asset.name == file).ok_or_else(|| Error::not_found("the file"))?;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    Ok(forge.download_asset(&asset, range).await?)
}
