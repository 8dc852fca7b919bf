//! `actions/cache`, `actions/cache/restore` and `actions/cache/save`.

pub(super) mod transfer;

use std::sync::Arc;

use super::error::{Fault, Result};
use super::inputs::Inputs;
use super::{NativeCall, NativeOutcome, NativePost, blocking};

const PRIMARY_KEY: &str = "primary-key";
const MATCHED_KEY: &str = "matched-key";

pub(super) async fn run(call: &Arc<NativeCall>, outcome: &mut NativeOutcome) -> Result<()> {
    if call.name == "cache/save" {
        return save_only(call).await;
    }
    if !has_ref(call) {
        return Ok(());
    }
    let inputs = call.inputs();
    let key = inputs.required("key")?.to_owned();
    let restore_keys = inputs.lines("restore-keys");
    let paths = paths(inputs)?;
    let lookup_only = inputs.loose_flag("lookup-only");
    note_save_always(call);
    let with_post = call.name == "cache";
    let mut post = NativePost { only_after_success: true, ..NativePost::new(call) };
    post.state.insert(PRIMARY_KEY.to_owned(), key.clone());
    if !with_post {
        outcome.outputs.insert("cache-primary-key".to_owned(), key.clone());
    }
    let request = transfer::Request { paths, key: key.clone(), restore_keys: restore_keys.clone(), lookup_only };
    let worker = Arc::clone(call);
    let matched = blocking(move || transfer::restore(&worker, &request)).await;
    // The post step runs whatever came of restoring.
    let matched = match matched {
        Ok(matched) => matched,
        Err(fault) => {
            outcome.post = with_post.then_some(post);
            return Err(fault);
        }
    };
    let Some(matched) = matched else {
        outcome.post = with_post.then_some(post);
        if call.inputs().loose_flag("fail-on-cache-miss") {
            return Err(Fault::Text(format!(
                "Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {key}"
            )));
        }
        // The output stays unset, as upstream leaves it.
        let keys: Vec<&str> = std::iter::once(&key).chain(&restore_keys).map(String::as_str).collect();
        call.say(format!("Cache not found for input keys: {}", keys.join(", ")));
        return Ok(());
    };
    if with_post {
        post.state.insert(MATCHED_KEY.to_owned(), matched.clone());
        outcome.post = Some(post);
    } else {
        outcome.outputs.insert("cache-matched-key".to_owned(), matched.clone());
    }
    outcome.outputs.insert("cache-hit".to_owned(), same_key(&key, &matched).to_string());
    let how = if lookup_only { "found and can be restored" } else { "restored" };
    call.say(format!("Cache {how} from key: {matched}"));
    Ok(())
}

/// Saves what the job has made of the paths, unless that very key was restored.
pub(super) async fn post(post: &NativePost, call: &Arc<NativeCall>) -> Result<()> {
    let key = post.state.get(PRIMARY_KEY).map(String::as_str).or_else(|| call.inputs().some("key"));
    let Some(key) = key.map(str::to_owned) else {
        call.warn("the cache has no key and is not saved");
        return Ok(());
    };
    if post.state.get(MATCHED_KEY).is_some_and(|matched| same_key(&key, matched)) {
        call.say(format!("Cache hit occurred on the primary key {key}, not saving cache."));
        return Ok(());
    }
    save(call, key).await.map(drop)
}

async fn save_only(call: &Arc<NativeCall>) -> Result<()> {
    let Some(key) = call.inputs().some("key").map(str::to_owned) else {
        call.warn("the cache has no key and is not saved");
        return Ok(());
    };
    if has_ref(call) && !save(call, key).await? {
        call.warn("Cache save failed.");
    }
    Ok(())
}

/// Whether it was saved. Failing to save fails no job.
async fn save(call: &Arc<NativeCall>, key: String) -> Result<bool> {
    let saved = match paths(call.inputs()) {
        Ok(paths) => {
            let request = transfer::Request { paths, key: key.clone(), restore_keys: Vec::new(), lookup_only: false };
            let worker = Arc::clone(call);
            blocking(move || transfer::save(&worker, &request)).await
        }
        Err(fault) => Err(fault),
    };
    match saved {
        Ok(true) => {
            call.say(format!("Cache saved with key: {key}"));
            Ok(true)
        }
        Ok(false) => Ok(false),
        Err(Fault::Cancelled) => Err(Fault::Cancelled),
        Err(fault) => {
            call.say(format!("[warning]{fault}"));
            Ok(false)
        }
    }
}

/// Caches belong to a branch or tag.
fn has_ref(call: &NativeCall) -> bool {
    let has = !call.place.identity.git_ref.is_empty();
    if !has {
        let event = call.env("GITHUB_EVENT_NAME");
        call.warn(format!("the event {event} is not tied to a branch or tag, so there are no caches for it"));
    }
    has
}

fn note_save_always(call: &NativeCall) {
    if call.inputs().loose_flag("save-always") {
        call.warn("the input `save-always` has no effect, as upstream; use actions/cache/save with `if: always()`");
    }
}

/// The lines of `path`, as upstream reads them: they are what the version is made of.
fn paths(inputs: Inputs<'_>) -> Result<Vec<String>> {
    let lines = inputs.required("path")?.split('\n').map(|line| {
        let line = line.strip_prefix('!').map_or_else(|| line.to_owned(), |rest| format!("!{}", rest.trim_start()));
        line.trim().to_owned()
    });
    Ok(lines.filter(|line| !line.is_empty()).collect())
}

/// Upstream compares without regard to case.
fn same_key(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
