//! Pages that are open are told what changes: server-sent events.

mod coding;
mod feed;
mod follow;

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream;
use store::Topic;

use self::coding::Coding;
pub(crate) use self::feed::Feeds;
use self::follow::{Follow, Place};
use super::job::job_of;
use super::refusal::Refusal;
use super::run::run_of;
use super::visit::Visit;

type Told = Result<Event, Infallible>;

/// How long a change that nobody told may go unseen.
const SLOW: Duration = Duration::from_secs(5);

/// `changed` whenever the run has; `done` when it is over.
pub(super) async fn run(
    visit: Visit,
    Path((owner, name, id)): Path<(String, String, i64)>,
) -> Result<Sse<impl Stream<Item = Told>>, Refusal> {
    let (_, run) = run_of(&visit, &owner, &name, id).await?;
    let listener = visit.server.store().listen(Topic::Run(run.id));
    let changes =
        stream::unfold((visit.server, listener, run.id, false), |(server, mut listener, id, over)| async move {
            if over {
                return None;
            }
            let now = loop {
                listener.wait(SLOW).await;
                // A database that is away for a while ends nothing.
                if let Ok(now) = store::runs::by_id(&mut server.store().read(), id).await {
                    break now;
                }
            };
            let over = now.is_none_or(|run| run.is_completed());
            // Browsers pass over an event without data.
            let event = Event::default().event(if over { "done" } else { "changed" }).data("{}");
            Some((Ok(event), (server, listener, id, over)))
        });
    Ok(Sse::new(changes).keep_alive(KeepAlive::default()))
}

/// The log and steps of a job: `step` for a step's start and end, `lines` for lines, `anew` when another runner has it and
/// all that was said is void, `done` when it is over. The id of a message is where the next begins, so that a broken
/// connection goes on where it was.
pub(super) async fn job(
    visit: Visit,
    Path(at): Path<(String, String, i64, i64)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (_, run, job) = job_of(&visit, &at).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let coding = Coding::of(&headers);
    let follow = Follow::new(visit.server, &run, &job, coding, Place::parse(last));
    let mut response = Body::from_stream(stream::unfold(follow, Follow::next)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if coding == Coding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
