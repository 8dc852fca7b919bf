use std::path::Path as FilePath;
use std::process::Stdio;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use identity::Level;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use super::answer::{Refusal, fresh};
use super::incoming::Incoming;
use super::{access, run};
use crate::git::{Pace, stream};
use crate::{Error, Forge, Result};

/// Sends a client the objects it lacks. The process ends when the answer is dropped, as it is when the client goes away, and
/// when the client does not take what is ready.
pub(super) async fn upload_pack(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    access::Asking(caller): access::Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Read).await?;
    let limits = &forge.settings().limits;
    let protocol = headers.get("git-protocol").and_then(|value| value.to_str().ok());
    let repo = forge.git(repository.id);
    // Questions are small, and all sent before the first answer: stateless. They are taken in before anything waits for
    // them, so that who sends them slowly holds nothing but a connection, and git reads them at its own pace.
    let mut incoming = Incoming::new(&headers, body, limits.fetch_request_bytes, limits.idle)?;
    let dir = forge.push_dir();
    let questions = tokio::time::timeout(limits.request, spool(&dir, &mut incoming)).await;
    let questions = questions.map_err(|_| Error::Remote("the request took too long to come".to_owned()))??;
    let slot = run::slot(&forge, (&caller).into()).await?;
    let timeout = format!("--timeout={}", limits.idle.as_secs());
    let mut command = run::service(&repo, "upload-pack", protocol, &[], &[&timeout]);
    let mut child = command.stdin(Stdio::from(questions)).spawn().map_err(Error::io("git"))?;
    let Some(stdout) = child.stdout.take() else {
        return Err(Error::Internal("git has no pipes".to_owned()).into());
    };
    // What goes wrong, git tells in its answer.
    let pace = Pace { idle: limits.idle, longest: limits.longest, strict: false };
    Ok((fresh("application/x-git-upload-pack-result"), stream(child, stdout, pace, slot)).into_response())
}

/// The whole of a request in a file without a name, to be read from its start.
async fn spool(dir: &FilePath, incoming: &mut Incoming) -> Result<std::fs::File> {
    let path = dir.join(format!("questions-{}", uuid::Uuid::now_v7().simple()));
    let opened = tokio::fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path).await;
    let mut file = opened.map_err(Error::io("the request"))?;
    tokio::fs::remove_file(&path).await.map_err(Error::io("the request"))?;
    while let Some(chunk) = incoming.chunk().await? {
        file.write_all(&chunk).await.map_err(Error::io("the request"))?;
    }
    file.flush().await.map_err(Error::io("the request"))?;
    file.rewind().await.map_err(Error::io("the request"))?;
    Ok(file.into_std().await)
}
