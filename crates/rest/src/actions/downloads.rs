//! Logs and artifacts by an address of their own, which needs no credentials and is good for a minute.
//!
//! GitHub answers 302 with such an address, and clients rely on it: `@actions/artifact` takes nothing else, and others leave
//! their token behind when they follow it.

use axum::http::header;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::Aad;
use serde::{Deserialize, Serialize};
use store::Micros;

use super::{artifacts, logs};
use crate::{Access, Answer, Api, Call, Gives, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[Route::get(
    "/downloads/{ticket}",
    Access::Anybody,
    handler!(download),
    "A log or an artifact, by the address that a redirect gave; good for a minute.",
)
.gives(200, Gives::Bytes)];

/// Microseconds; GitHub's are good for as long.
const LIFE: Micros = 60 * 1_000_000;

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    JobLog { job: i64 },
    RunLogs { run: i64, attempt: i64 },
    Artifact { id: i64 },
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    content: Content,
    expires_at: Micros,
}

fn aad() -> Aad {
    Aad::new(&["download"])
}

/// Leads to a content that the caller was found to may read.
pub(super) fn redirect(api: &Api, content: Content) -> Result {
    let ticket = Ticket { content, expires_at: api.store().now() + LIFE };
    let bytes = serde_json::to_vec(&ticket).map_err(|error| Problem::internal(error.to_string()))?;
    // Sealed rather than signed: the key is there, and the address tells nothing.
    let sealed = BASE64_URL_SAFE_NO_PAD.encode(api.identity().seal(&bytes, &aad())?);
    let answer = Answer::redirect(&format!("{}/downloads/{sealed}", api.forge().urls().api));
    Ok(answer.header(header::CACHE_CONTROL, "no-store"))
}

fn open(api: &Api, text: &str) -> Option<Content> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let bytes = api.identity().open(&sealed, &aad()).ok()?;
    let ticket: Ticket = serde_json::from_slice(&bytes).ok()?;
    (ticket.expires_at > api.store().now()).then_some(ticket.content)
}

async fn download(api: &Api, call: &mut Call) -> Result {
    match open(api, call.param("ticket")).ok_or_else(Problem::not_found)? {
        Content::JobLog { job } => logs::text(api, job).await,
        Content::RunLogs { run, attempt } => logs::zip(api, run, attempt).await,
        Content::Artifact { id } => artifacts::content(api, id).await,
    }
}
