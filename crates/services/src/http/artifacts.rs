//! `ArtifactService`: artifacts v4.

use super::answer::Twirp;
use super::twirp::Call;
use super::{download_url, upload_url};
use crate::token::backend_id;
use crate::{Artifact, Content, Error};
use serde_json::{Value, json};

pub(super) fn dispatch(call: &Call, method: &str) -> Result<Value, Twirp> {
    let run = call.request.text("workflow_run_backend_id")?;
    if run != call.job.run_backend_id {
        return Err(Twirp::new("permission_denied", "the token is for another run"));
    }
    match method {
        "CreateArtifact" => create(call),
        "FinalizeArtifact" => finalize(call),
        "ListArtifacts" => list(call),
        "GetSignedArtifactURL" => signed_url(call),
        "DeleteArtifact" => delete(call),
        _ => Err(Twirp::new("bad_route", format!("ArtifactService has no method {method}"))),
    }
}

fn create(call: &Call) -> Result<Value, Twirp> {
    let name = call.request.text("name")?;
    let expires_at = match call.request.text("expires_at")?.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Twirp::new("invalid_argument", "expires_at must be an RFC 3339 time"))?),
    };
    let content = Content::from_mime_type(&call.request.text("mime_type")?);
    let upload = call.backend.create_artifact(&call.job, &name, content, expires_at)?;
    Ok(json!({"ok": true, "signed_upload_url": upload_url(&*call.backend, upload)}))
}

fn finalize(call: &Call) -> Result<Value, Twirp> {
    let (name, size, hash) = (call.request.text("name")?, call.request.integer("size")?, call.request.text("hash")?);
    Ok(finalized(&call.backend.finalize_artifact(&call.job, &name, size, &hash)?))
}

fn finalized(artifact: &Artifact) -> Value {
    json!({"ok": true, "artifact_id": artifact.id.to_string()})
}

fn list(call: &Call) -> Result<Value, Twirp> {
    let name = call.request.text("name_filter")?;
    let id = call.request.integer("id_filter")?;
    let artifacts = call.backend.artifacts(&call.job)?;
    let wanted =
        |artifact: &&Artifact| (name.is_empty() || artifact.name == name) && id.is_none_or(|id| artifact.id == id);
    let rows = artifacts.iter().filter(wanted).map(|artifact| {
        json!({
            // The run of the token, so that the client's next request passes for artifacts of earlier attempts too.
            "workflow_run_backend_id": call.job.run_backend_id,
            "workflow_job_run_backend_id": backend_id(&[&artifact.owner.run_id, &artifact.owner.job_id]),
            "database_id": artifact.id.to_string(),
            "name": artifact.name,
            "size": artifact.size.to_string(),
            "created_at": artifact.created_at.to_string(),
            "digest": artifact.digest,
            // Beyond GitHub's: native actions know without asking how to put it on disk.
            "mime_type": artifact.content.mime_type(),
        })
    });
    Ok(json!({"artifacts": rows.collect::<Vec<_>>()}))
}

fn signed_url(call: &Call) -> Result<Value, Twirp> {
    let name = call.request.text("name")?;
    let found = call.backend.artifacts(&call.job)?.into_iter().find(|artifact| artifact.name == name);
    let artifact = found.ok_or_else(|| Error::NoArtifact { what: format!("named {name:?}") })?;
    Ok(json!({"signed_url": download_url(&*call.backend, "artifact", artifact.id)}))
}

fn delete(call: &Call) -> Result<Value, Twirp> {
    let artifact = call.backend.delete_artifact(&call.job, &call.request.text("name")?)?;
    Ok(finalized(&artifact))
}
