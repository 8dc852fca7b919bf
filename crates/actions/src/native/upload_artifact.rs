//! `actions/upload-artifact`.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use services::{Artifact, ArtifactOwner, Compression, UploadOptions};

use super::artifact_search::{Search, search};
use super::error::{Fault, Result};
use super::inputs::Inputs;
use super::{NativeCall, NativeOutcome, blocking};

/// Days that an artifact may be kept at most, unless `GITHUB_RETENTION_DAYS` says otherwise.
const MAX_DAYS: i64 = 90;

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let worker = Arc::clone(call);
    if let Some(artifact) = blocking(move || upload(&worker)).await? {
        report(call, &artifact, outcome);
    }
    Ok(())
}

fn upload(call: &NativeCall) -> Result<Option<Artifact>> {
    let inputs = call.inputs();
    let path = inputs.required("path")?;
    let overwrite = inputs.flag("overwrite", false)?;
    let include_hidden = inputs.flag("include-hidden-files", false)?;
    let archive = inputs.flag("archive", true)?;
    let if_none = inputs.text_or("if-no-files-found", "warn");
    if !matches!(if_none, "warn" | "error" | "ignore") {
        return Err(Fault::Text(format!(
            "Unrecognized if-no-files-found input. Provided: {if_none}. Available options: warn,error,ignore"
        )));
    }
    let options = UploadOptions { overwrite, ..options(call, inputs)? };
    let found = search(call, path, include_hidden)?;
    let count = found.files.len();
    if count == 0 {
        let text = format!("No files were found with the provided path: {path}. No artifacts will be uploaded.");
        match if_none {
            "error" => return Err(Fault::Text(text)),
            "warn" => call.warn(text),
            _ => call.say(text),
        }
        return Ok(None);
    }
    let s = if count == 1 { "" } else { "s" };
    call.say(format!("With the provided path, there will be {count} file{s} uploaded"));
    if archive {
        let name = inputs.text_or("name", "artifact");
        return store_zip(call, name, found, &options).map(Some);
    }
    if count > 1 {
        return Err(Fault::Text(format!(
            "When 'archive' is set to false, only a single file can be uploaded. Found {count} files to upload."
        )));
    }
    store_file(call, found, &options).map(Some)
}

/// Puts files into a zip in the store.
pub(super) fn store_zip(call: &NativeCall, name: &str, found: Search, options: &UploadOptions) -> Result<Artifact> {
    call.say(format!("::debug::Root artifact directory is {}", found.root.display()));
    // A cancelled step stops between two files.
    let files = found.files.into_iter().take_while(|_| !call.cancel.is_cancelled());
    let artifacts = call.place.services.artifacts();
    let stored = artifacts.upload_zip(name, &owner(call), files, options)?;
    if call.cancel.is_cancelled() {
        artifacts.delete(&stored.name)?;
        return Err(Fault::Cancelled);
    }
    Ok(stored)
}

/// One file as it is; the artifact has its name.
fn store_file(call: &NativeCall, found: Search, options: &UploadOptions) -> Result<Artifact> {
    let file = found.files.into_iter().next().ok_or_else(|| Fault::text("there is no file to upload"))?;
    let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
    let source = file.source.ok_or_else(|| Fault::text("a directory cannot be uploaded as it is"))?;
    let reader = services::open_regular(&source).map_err(Fault::io("read", std::path::Path::new(&file.path)))?;
    let reader = super::archive::Cancellable { inner: reader, cancel: &call.cancel };
    let artifacts = call.place.services.artifacts();
    Ok(artifacts.upload_raw(&name, &owner(call), mime_type(&name), reader, options)?)
}

fn mime_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase().as_str() {
        "txt" | "log" => "text/plain",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "pdf" => "application/pdf",
        "gz" | "tgz" => "application/gzip",
        // The type of a zip would make it an archive to unpack.
        _ => "application/octet-stream",
    }
}

/// `retention-days` and `compression-level`.
pub(super) fn options(call: &NativeCall, inputs: Inputs<'_>) -> Result<UploadOptions> {
    let level = inputs.number("compression-level")?.unwrap_or(6);
    let compression = u8::try_from(level)
        .ok()
        .and_then(Compression::level)
        .ok_or_else(|| Fault::text("Invalid compression-level. Valid values are 0-9"))?;
    let days = inputs.number("retention-days")?.unwrap_or(0);
    let most = call.env("GITHUB_RETENTION_DAYS").parse().ok().filter(|days| *days > 0).unwrap_or(MAX_DAYS);
    if days < 0 {
        return Err(Fault::Text(format!("Invalid retention-days: {days}; the least is 1, and 0 is the default")));
    }
    if days > most {
        call.warn(format!("Retention days cannot be greater than the maximum allowed, {most}: that is taken"));
    }
    let lasting = SignedDuration::from_hours(24 * days.min(most));
    let expires_at = (days > 0).then(|| Timestamp::now() + lasting);
    Ok(UploadOptions { overwrite: false, compression, expires_at })
}

fn owner(call: &NativeCall) -> ArtifactOwner {
    let identity = &call.place.identity;
    ArtifactOwner { run_id: identity.run_id.clone(), job_id: identity.job_id.clone() }
}

/// The outputs, and what is said of it.
pub(super) fn report(call: &NativeCall, artifact: &Artifact, outcome: &mut NativeOutcome) {
    let identity = &call.place.identity;
    let server = match call.env("GITHUB_SERVER_URL") {
        "" => "https://github.com",
        server => server.trim_end_matches('/'),
    };
    let id = artifact.id;
    let url = format!("{server}/{}/actions/runs/{}/artifacts/{id}", identity.repository, identity.run_id);
    let digest = artifact.digest.strip_prefix("sha256:").unwrap_or(&artifact.digest);
    call.say(format!("SHA256 digest of uploaded artifact is {digest}"));
    call.say(format!(
        "Artifact {} has been successfully uploaded! Final size is {} bytes. Artifact ID is {id}",
        artifact.name, artifact.size
    ));
    outcome.outputs.insert("artifact-id".to_owned(), id.to_string());
    outcome.outputs.insert("artifact-url".to_owned(), url);
    outcome.outputs.insert("artifact-digest".to_owned(), digest.to_owned());
}
