use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use identity::Level;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdout};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::{Refusal, fresh};
use super::incoming::Incoming;
use super::{access, run};
use crate::{Error, Forge};

/// Sends a client the objects it lacks. The process ends when the answer is dropped, as it is when the client goes away.
pub(super) async fn upload_pack(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    access::Asking(caller): access::Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Read).await?;
    let limits = &forge.settings().limits;
    let slot = run::slot(&forge).await?;
    let protocol = headers.get("git-protocol").and_then(|value| value.to_str().ok());
    let repo = forge.git(repository.id);
    let timeout = format!("--timeout={}", limits.idle.as_secs());
    let mut child = run::service(&repo, "upload-pack", protocol, &[], &[&timeout]).spawn().map_err(Error::io("git"))?;
    let mut incoming = Incoming::new(&headers, body, limits.fetch_request_bytes, limits.idle)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::Conflict("git has no pipes".to_owned()).into());
    };
    // Questions are small, and all sent before the first answer: stateless.
    while let Some(chunk) = incoming.chunk().await? {
        if stdin.write_all(&chunk).await.is_err() {
            // It has refused early and says why on its output.
            break;
        }
    }
    drop(stdin);
    let serving = Serving { child, stdout, _slot: slot, deadline: tokio::time::Instant::now() + limits.longest };
    let stream = futures_util::stream::unfold(serving, Serving::next);
    Ok((fresh("application/x-git-upload-pack-result"), Body::from_stream(stream)).into_response())
}

/// A fetch under way.
struct Serving {
    child: Child,
    stdout: ChildStdout,
    _slot: OwnedSemaphorePermit,
    deadline: tokio::time::Instant,
}

impl Serving {
    async fn next(mut self) -> Option<(std::io::Result<Bytes>, Self)> {
        let mut buffer = Vec::with_capacity(64 * 1024);
        match tokio::time::timeout_at(self.deadline, self.stdout.read_buf(&mut buffer)).await {
            Ok(Ok(0)) => {
                // Seen to its end, so that no zombie is left until the runtime looks.
                let _ = self.child.wait().await;
                None
            }
            Ok(Ok(_)) => Some((Ok(buffer.into()), self)),
            Ok(Err(error)) => Some((Err(error), self)),
            Err(_) => {
                let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "the fetch took too long");
                Some((Err(late), self))
            }
        }
    }
}
