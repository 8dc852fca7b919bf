use reqwest::header::LINK;
use reqwest::{Method, Response};
use serde::Deserialize;

use super::authorizer::Scope;
use super::progress::Silent;
use super::transport::{Call, body};
use super::{Client, ClientError, content};
use crate::Reference;

/// More pages than any repository has.
const MOST_PAGES: usize = 1000;

/// More than a page of tags needs.
const PAGE_BYTES: usize = 16 << 20;

#[derive(Deserialize)]
struct Page {
    /// Null in some registries' answers about a repository without tags.
    tags: Option<Vec<String>>,
}

impl Client {
    /// All tags of a reference's repository, in the registry's order.
    ///
    /// # Errors
    /// A registry that cannot be reached, refuses, or answers with something else.
    pub async fn tags(&self, reference: &Reference) -> Result<Vec<String>, ClientError> {
        let endpoint = self.transport.config().routes.endpoint(reference.domain())?;
        let repository = endpoint.repository(reference.path());
        let what = format!("list the tags of {}", reference.path());
        let scope = Scope::pull(&repository);
        let mut url = self.transport.url(&endpoint, &format!("{repository}/tags/list?n=1000"), &what).await?;
        let mut tags = Vec::new();
        for _ in 0..MOST_PAGES {
            let call = Call::new(Method::GET, url.clone(), &endpoint, &scope, &what, &Silent);
            let response = self.transport.succeed(&call).await?;
            let next = next_page(&response);
            let bytes = self.transport.in_time(&call, body(response, PAGE_BYTES)).await?;
            let bytes = bytes.map_err(|error| call.lost(&error))?;
            let page: Page = serde_json::from_slice(&bytes).map_err(|_| call.broken("its list is not understood"))?;
            let found = page.tags.unwrap_or_default();
            let more = !found.is_empty();
            tags.extend(found);
            match next.filter(|next| more && *next != url) {
                Some(next) if next.origin() == url.origin() => url = next,
                Some(_) => return Err(call.broken("its list goes on at another place")),
                None => return Ok(tags),
            }
        }
        Ok(tags)
    }

    /// Takes a manifest, or a tag alone, away from a registry.
    ///
    /// # Errors
    /// As [`Client::tags`].
    pub async fn delete(&self, reference: &Reference) -> Result<(), ClientError> {
        let endpoint = self.transport.config().routes.endpoint(reference.domain())?;
        let repository = endpoint.repository(reference.path());
        let what = format!("delete {}", content::shown(reference));
        let scope = Scope::delete(&repository);
        let path = format!("{repository}/manifests/{}", reference.selector());
        let url = self.transport.url(&endpoint, &path, &what).await?;
        let call = Call::new(Method::DELETE, url, &endpoint, &scope, &what, &Silent);
        self.transport.succeed(&call).await.map(drop)
    }
}

/// `Link: </v2/…?last=x&n=1000>; rel="next"`
fn next_page(response: &Response) -> Option<reqwest::Url> {
    let text = response.headers().get(LINK)?.to_str().ok()?;
    let next = text.split(',').find(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))?;
    let (_, rest) = next.split_once('<')?;
    response.url().join(rest.split_once('>')?.0).ok()
}
