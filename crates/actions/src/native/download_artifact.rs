//! `actions/download-artifact`.

pub(super) mod unzip;

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use services::{Artifact, Content};
use sha2::{Digest, Sha256};

use super::archive::{Cancellable, Landing};
use super::error::{Fault, Result};
use super::files::{Files, absolute};
use super::inputs::Inputs;
use super::minimatch::Minimatch;
use super::{NativeCall, NativeOutcome, blocking};

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let worker = Arc::clone(call);
    let path = blocking(move || download(&worker)).await.map_err(|fault| match fault {
        Fault::Cancelled => Fault::Cancelled,
        other => Fault::Text(format!("Unable to download artifact(s): {other}")),
    })?;
    outcome.outputs.insert("download-path".to_owned(), path.to_string_lossy().into_owned());
    Ok(())
}

fn download(call: &NativeCall) -> Result<PathBuf> {
    let inputs = call.inputs();
    let merge = inputs.flag("merge-multiple", false)?;
    let as_is = inputs.flag("skip-decompress", false)?;
    let on_mismatch = inputs.text_or("digest-mismatch", "error");
    if !matches!(on_mismatch, "ignore" | "info" | "warn" | "error") {
        return Err(Fault::Text(format!(
            "Invalid value for 'digest-mismatch': '{on_mismatch}'. Valid options are: ignore, info, warn, error"
        )));
    }
    refuse_other_runs(call)?;
    let target = destination(call, inputs.text("path"));
    let artifacts = choose(call, inputs)?;
    if !artifacts.is_empty() {
        call.say("Preparing to download the following artifacts:");
    }
    for Artifact { name, id, size, digest, .. } in &artifacts {
        call.say(format!("- {name} (ID: {id}, Size: {size}, Expected Digest: {digest})"));
    }
    let mut mismatched = Vec::new();
    let flat = merge || artifacts.len() == 1;
    for artifact in &artifacts {
        call.check()?;
        let dir = if flat { target.clone() } else { target.join(&artifact.name) };
        if !put(call, artifact, &dir, as_is)? {
            mismatched.push(artifact.name.as_str());
        }
    }
    if !mismatched.is_empty() {
        let names = mismatched.join(", ");
        let text = format!("Digest validation failed for artifact(s): {names}");
        match on_mismatch {
            "error" => return Err(Fault::Text(text)),
            "warn" => call.warn(text),
            "info" => call.say(text),
            _ => {}
        }
    }
    call.say(format!("Total of {} artifact(s) downloaded", artifacts.len()));
    Ok(target)
}

/// `path`, with `~`, relative to the workspace.
fn destination(call: &NativeCall, path: &str) -> PathBuf {
    let place = &call.place;
    let home = call.home();
    let home = home.display();
    let path = path.strip_prefix('~').map_or_else(|| path.to_owned(), |rest| format!("{home}{rest}"));
    absolute(Path::new(&path), &place.workspace)
}

/// With a token, upstream fetches from a run on GitHub; here only this run's artifacts are to be had.
fn refuse_other_runs(call: &NativeCall) -> Result<()> {
    let inputs = call.inputs();
    if inputs.some("github-token").is_none() {
        return Ok(());
    }
    let identity = &call.place.identity;
    let same_run = inputs.some("run-id").is_none_or(|run| run == identity.run_id);
    let same_repository = inputs.some("repository").is_none_or(|name| name.eq_ignore_ascii_case(&identity.repository));
    if same_run && same_repository {
        return Ok(());
    }
    Err(Fault::text(
        "artifacts of other runs and repositories are not fetched from GitHub; download them in a step with `gh run \
         download`, or set `actions.native = never` to use the upstream action",
    ))
}

fn choose(call: &NativeCall, inputs: Inputs<'_>) -> Result<Vec<Artifact>> {
    let store = call.place.services.artifacts();
    match (inputs.some("name"), inputs.some("artifact-ids")) {
        (Some(_), Some(_)) => {
            Err(Fault::text("Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one."))
        }
        (Some(name), None) => {
            call.say("Downloading single artifact");
            match store.get(name) {
                Ok(artifact) => Ok(vec![artifact]),
                Err(services::Error::NoArtifact { .. }) => Err(missing(name, &store.list()?)),
                Err(error) => Err(error.into()),
            }
        }
        (None, Some(ids)) => {
            call.say("Downloading artifacts by ID");
            by_ids(call, ids, store.list()?)
        }
        (None, None) => {
            let mut artifacts = store.list()?;
            if let Some(pattern) = inputs.some("pattern") {
                call.say(format!("Filtering artifacts by pattern '{pattern}'"));
                let pattern = Minimatch::new(pattern)?;
                artifacts.retain(|artifact| pattern.matches(&artifact.name));
            } else {
                call.say("No input name, artifact-ids or pattern filtered specified, downloading all artifacts");
                if !inputs.flag("merge-multiple", false)? {
                    call.say("An extra directory with the artifact name will be created for each download");
                }
            }
            Ok(artifacts)
        }
    }
}

fn missing(name: &str, there: &[Artifact]) -> Fault {
    let names: Vec<&str> = there.iter().map(|artifact| artifact.name.as_str()).take(20).collect();
    let have = if names.is_empty() { "no artifacts yet".to_owned() } else { names.join(", ") };
    Fault::Text(format!("Artifact not found for name: {name}. This run has: {have}"))
}

fn by_ids(call: &NativeCall, ids: &str, mut artifacts: Vec<Artifact>) -> Result<Vec<Artifact>> {
    let mut wanted = Vec::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let number = id.parse::<u64>();
        wanted.push(number.map_err(|_| Fault::Text(format!("Invalid artifact ID: '{id}'. Must be a number.")))?);
    }
    if wanted.is_empty() {
        return Err(Fault::text("No valid artifact IDs provided in 'artifact-ids' input"));
    }
    artifacts.retain(|artifact| wanted.contains(&artifact.id));
    if artifacts.is_empty() {
        return Err(Fault::text("None of the provided artifact IDs were found"));
    }
    let found: HashSet<u64> = artifacts.iter().map(|artifact| artifact.id).collect();
    let gone: Vec<String> = wanted.iter().filter(|id| !found.contains(id)).map(u64::to_string).collect();
    if !gone.is_empty() {
        call.warn(format!("Could not find the following artifact IDs: {}", gone.join(", ")));
    }
    Ok(artifacts)
}

/// Writes one artifact; whether its digest is as promised.
pub(super) fn put(call: &NativeCall, artifact: &Artifact, dir: &Path, as_is: bool) -> Result<bool> {
    let place = &call.place;
    let store = place.services.artifacts();
    let files = Files(&place.sandbox);
    let failed = |source: io::Error| Fault::io("write", dir)(source);
    let mut landing = Landing::new(files, &[dir.to_owned()]).map_err(failed)?;
    landing.directory(dir).map_err(Fault::io("make", dir))?;
    let reader = Cancellable { inner: store.reader(artifact)?, cancel: &call.cancel };
    let digest = sha256(reader).map_err(Fault::io("read", Path::new(&artifact.name)))?;
    let file = store.reader(artifact)?;
    let plain = |name: &str, landing: &mut Landing<'_>| {
        let path = dir.join(name);
        let mut to = landing.file(&path).map_err(Fault::io("write", &path))?;
        let mut from = Cancellable { inner: &file, cancel: &call.cancel };
        io::copy(&mut from, &mut to).map_err(Fault::io("write", &path))?;
        unzip::open_to_all(&to, &path)
    };
    match &artifact.content {
        Content::Zip if as_is => plain(&format!("{}.zip", artifact.name), &mut landing)?,
        Content::Zip => {
            let mut unpacking = unzip::Unzip { dir, landing: &mut landing, cancel: &call.cancel };
            unpacking.run(store.reader(artifact)?)?;
        }
        Content::Raw { .. } => plain(&artifact.name, &mut landing)?,
    }
    Ok(artifact.digest == format!("sha256:{digest}"))
}

/// Lower-case hexadecimal.
pub(super) fn sha256(mut from: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(hex::encode(hasher.finalize())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
