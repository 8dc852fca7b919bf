use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use identity::Level;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use super::answer::{Refusal, fresh};
use super::{access, pkt, run};
use crate::{Error, Forge};

/// Bytes of refs that are told at once, to clients that cannot ask for some of them.
const MOST_REFS: usize = 64 << 20;

#[derive(Deserialize)]
pub(super) struct Wanted {
    service: Option<String>,
}

/// Which refs there are, and what the service can do.
pub(super) async fn advertise(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    access::Asking(caller): access::Asking,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (service, content_type) = match wanted.service.as_deref() {
        Some("git-upload-pack") => ("upload-pack", "application/x-git-upload-pack-advertisement"),
        Some("git-receive-pack") => ("receive-pack", "application/x-git-receive-pack-advertisement"),
        _ => {
            let message = "the smart protocol of git 1.6.6 and later is spoken here; `service` names which part of it";
            return Err(Error::invalid("Request", "service", message).into());
        }
    };
    let repo = if service == "upload-pack" {
        let repository = access::repository(&forge, &caller, &owner, &name, Level::Read).await?;
        forge.git(repository.id)
    } else {
        match access::repository(&forge, &caller, &owner, &name, Level::Write).await {
            Ok(repository) => forge.git(repository.id),
            // It is made when something is really pushed.
            Err(Error::NotFound(_)) if access::may_create(&forge, &caller, &owner, &name).await? => {
                let nothing = forge.nothing();
                nothing.init("main").await?;
                nothing
            }
            Err(error) => return Err(error.into()),
        }
    };
    let _slot = run::slot(&forge, (&caller).into()).await?;
    let protocol = headers.get("git-protocol").and_then(|value| value.to_str().ok());
    // Refs of pull requests are not anybody's to push to: pushers need not hear of them.
    let config: &[&str] = if service == "receive-pack" { &["receive.hideRefs=refs/pull"] } else { &[] };
    let mut child = run::service(&repo, service, protocol, config, &["--http-backend-info-refs"])
        .spawn()
        .map_err(Error::io("git"))?;
    drop(child.stdin.take());
    let mut refs = pkt::line(format!("# service=git-{service}\n").as_bytes());
    refs.extend_from_slice(pkt::FLUSH);
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MOST_REFS as u64).read_to_end(&mut refs).await.map_err(Error::io("git"))?;
        if refs.len() >= MOST_REFS {
            return Err(Error::TooLarge("there are more refs than this server tells".to_owned()).into());
        }
    }
    let status = child.wait().await.map_err(Error::io("git"))?;
    if !status.success() {
        return Err(Error::Internal(format!("git {service} ended with {status}")).into());
    }
    // Version 2 has no line that names the service.
    let body = if protocol.is_some_and(|text| text.contains("version=2")) && service == "upload-pack" {
        refs.split_off(pkt::line(format!("# service=git-{service}\n").as_bytes()).len() + pkt::FLUSH.len())
    } else {
        refs
    };
    Ok((fresh(content_type), body).into_response())
}
