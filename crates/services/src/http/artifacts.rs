//! `ArtifactService`: artifacts v4.

use super::answer::Twirp;
use super::twirp::Call;
use super::{download_url, upload_url};
use crate::disk::upload::Upload;
use crate::services::{Pending, PendingKind};
use crate::token::backend_id;
use crate::{Artifact, Content, Error, UploadOptions};
use serde_json::{Value, json};
use std::sync::Arc;

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

fn pending_name(pending: &Pending) -> Option<&str> {
    match &pending.kind {
        PendingKind::Artifact { name, .. } => Some(name),
        PendingKind::Cache { .. } => None,
    }
}

fn create(call: &Call) -> Result<Value, Twirp> {
    let (shared, job) = (&call.shared, &call.job);
    let name = call.request.text("name")?;
    shared.artifacts.check_free(&name, false)?;
    let other = shared.find_upload(|pending| pending_name(pending) == Some(&name) && pending.job != job.backend_id);
    if other.is_some() {
        return Err(Error::ArtifactExists { name }.into());
    }
    let expires_at = match call.request.text("expires_at")?.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Twirp::new("invalid_argument", "expires_at must be an RFC 3339 time"))?),
    };
    let content = Content::from_mime_type(&call.request.text("mime_type")?);
    // A job that asks again lost our answer; it starts over.
    shared.drop_uploads(|pending| pending_name(pending) == Some(&name) && pending.job == job.backend_id);
    let upload = Upload::new(shared.artifacts.staging()?, shared.artifacts.max_bytes());
    let kind = PendingKind::Artifact { name, content, expires_at };
    let Some(pending) = shared.add_upload(job, upload, kind) else {
        return Err(Twirp::new("resource_exhausted", "too many uploads are open"));
    };
    Ok(json!({"ok": true, "signed_upload_url": upload_url(shared, &pending)}))
}

fn finalize(call: &Call) -> Result<Value, Twirp> {
    let (shared, job) = (&call.shared, &call.job);
    let name = call.request.text("name")?;
    let size = call.request.integer("size")?;
    let hash = call.request.text("hash")?;
    let found = shared.find_upload(|pending| pending_name(pending) == Some(&name) && pending.job == job.backend_id);
    let Some(pending) = found else {
        return match shared.artifacts.get(&name) {
            // Finished already: the first answer was lost and the client tries again.
            Ok(done) if done.owner == job.artifact_owner() && (hash.is_empty() || hash == done.digest) => {
                Ok(finalized(&done))
            }
            _ => Err(Error::NotUploaded { name }.into()),
        };
    };
    let artifact = publish(call, &pending, size, &hash);
    if !matches!(artifact, Err(Error::NotUploaded { .. })) {
        shared.drop_uploads(|other| other.id == pending.id);
    }
    Ok(finalized(&artifact?))
}

fn publish(call: &Call, pending: &Arc<Pending>, size: Option<u64>, hash: &str) -> crate::Result<Artifact> {
    let PendingKind::Artifact { name, content, expires_at } = &pending.kind else {
        return Err(Error::NoArtifact { what: "upload".to_owned() });
    };
    let blob = pending.upload.take().ok_or_else(|| Error::NotUploaded { name: name.clone() })?;
    if let Some(expected) = size.filter(|size| *size != blob.size) {
        return Err(Error::Size { expected, actual: blob.size });
    }
    if !hash.is_empty() && !hash.eq_ignore_ascii_case(&format!("sha256:{}", blob.sha256)) {
        return Err(Error::Digest { expected: hash.to_owned(), actual: blob.sha256.clone() });
    }
    let options = UploadOptions { expires_at: *expires_at, ..UploadOptions::default() };
    call.shared.artifacts.publish(name, &call.job.artifact_owner(), content.clone(), blob, &options)
}

fn finalized(artifact: &Artifact) -> Value {
    json!({"ok": true, "artifact_id": artifact.id.to_string()})
}

fn list(call: &Call) -> Result<Value, Twirp> {
    let name = call.request.text("name_filter")?;
    let id = call.request.integer("id_filter")?;
    let artifacts = call.shared.artifacts.list()?;
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
        })
    });
    Ok(json!({"artifacts": rows.collect::<Vec<_>>()}))
}

fn signed_url(call: &Call) -> Result<Value, Twirp> {
    let artifact = call.shared.artifacts.get(&call.request.text("name")?)?;
    Ok(json!({"signed_url": download_url(&call.shared, "artifact", artifact.id)}))
}

fn delete(call: &Call) -> Result<Value, Twirp> {
    let artifact = call.shared.artifacts.delete(&call.request.text("name")?)?;
    Ok(finalized(&artifact))
}
