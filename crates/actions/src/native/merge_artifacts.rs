//! `actions/upload-artifact/merge`.

use std::sync::Arc;

use super::artifact_search::search;
use super::download_artifact::put;
use super::error::{Fault, Result};
use super::minimatch::Minimatch;
use super::upload_artifact::{options, report, store_zip};
use super::{NativeCall, NativeOutcome, blocking};

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    let worker = Arc::clone(call);
    let artifact = blocking(move || merge(&worker)).await?;
    report(call, &artifact, outcome);
    Ok(())
}

fn merge(call: &NativeCall) -> Result<services::Artifact> {
    let inputs = call.inputs();
    let name = inputs.text_or("name", "merged-artifacts");
    let pattern = inputs.text_or("pattern", "*");
    let separate = inputs.flag("separate-directories", false)?;
    let delete = inputs.flag("delete-merged", false)?;
    let include_hidden = inputs.flag("include-hidden-files", false)?;
    let options = options(call, inputs)?;
    let store = call.place.services.artifacts();
    let matcher = Minimatch::new(pattern)?;
    let mut artifacts = store.list()?;
    artifacts.retain(|artifact| matcher.matches(&artifact.name));
    if artifacts.is_empty() {
        return Err(Fault::Text(format!("No artifacts found matching pattern '{pattern}'")));
    }
    let temp = call.place.temp.join(format!("merge-artifact-{:016x}", fastrand::u64(..)));
    call.say("Preparing to download the following artifacts:");
    for artifact in &artifacts {
        call.say(format!("- {} (ID: {}, Size: {})", artifact.name, artifact.id, artifact.size));
        let dir = if separate { temp.join(&artifact.name) } else { temp.clone() };
        if !put(call, artifact, &dir, false)? {
            return Err(Fault::Text(format!("the artifact {} is damaged: its digest differs", artifact.name)));
        }
    }
    let found = search(call, &temp.to_string_lossy(), include_hidden)?;
    let merged = store_zip(call, name, found, &options)?;
    call.say(format!("The {} artifact(s) have been successfully merged!", artifacts.len()));
    if delete {
        for artifact in artifacts.iter().filter(|artifact| artifact.name != merged.name) {
            store.delete(&artifact.name)?;
        }
        call.say(format!("The {} artifact(s) have been deleted", artifacts.len()));
    }
    let host = call.place.sandbox.host_path(&temp);
    if let Err(error) = std::fs::remove_dir_all(host) {
        call.warn(format!("Unable to remove temporary directory: {error}"));
    }
    Ok(merged)
}
