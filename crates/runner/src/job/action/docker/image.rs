//! The image of a Docker action: pulled, or built from its Dockerfile.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use actions::ActionKind;
use builder::{Build, Context, DockerfileSource, Event, Events, Ground};
use container::Base;
use image::Platform;
use image::auth::{Environment, Keychain};
use workflow::Runs;

use super::super::super::containers::base as fetched;
use super::super::super::step::Running;
use super::super::Loaded;

pub(super) async fn base(running: &Running<'_>, loaded: &Loaded) -> Result<Base, String> {
    let source = match (&loaded.resolved.kind, loaded.action.as_ref().map(|action| &action.runs)) {
        (ActionKind::Image(name), _) => Source::Image(name.clone()),
        (ActionKind::Dockerfile(file), _) => Source::Dockerfile(file.clone()),
        (ActionKind::Metadata(_), Some(Runs::Docker(docker))) => {
            let text = &*docker.image.value;
            match strip_scheme(text) {
                Some(name) => Source::Image(name.to_owned()),
                None if is_dockerfile(text) => Source::Dockerfile(own_dir(loaded)?.join(text)),
                None => {
                    return Err(format!("`{text}` is no image: write docker://IMAGE, or the path of a Dockerfile"));
                }
            }
        }
        _ => return Err("it is no Docker action".to_owned()),
    };
    let say = |text: &str| running.log.say(text);
    match source {
        Source::Image(name) => fetched(&running.job.around.images, &name, None, None, false, &say).await,
        Source::Dockerfile(file) => built(running, &file).await,
    }
}

enum Source {
    Image(String),
    Dockerfile(PathBuf),
}

fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked("docker://".len())?;
    scheme.eq_ignore_ascii_case("docker://").then_some(rest)
}

/// As GitHub tells a Dockerfile: by its name, `Dockerfile`, `Dockerfile.x` or `x.Dockerfile`.
fn is_dockerfile(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or(text).to_ascii_lowercase();
    name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile")
}

fn own_dir(loaded: &Loaded) -> Result<PathBuf, String> {
    loaded.resolved.dir.clone().ok_or_else(|| "the action has no directory".to_owned())
}

/// Builds; what was built before is found in the store.
async fn built(running: &Running<'_>, file: &Path) -> Result<Base, String> {
    let job = running.job;
    let images = &job.around.images;
    running.log.say("##[group]Building docker image");
    if !file.is_file() {
        return Err(format!("its Dockerfile, {}, does not exist", file.display()));
    }
    let dir = file.parent().unwrap_or(Path::new("/")).to_owned();
    let build = Build {
        dockerfile: DockerfileSource::File(file.to_owned()),
        context: Context::Directory(dir),
        offline: images.offline,
        ..Build::default()
    };
    let keychain = Keychain::of(Environment::of_process());
    let store = images.store().map_err(|error| error.to_string())?.clone();
    let ground = Ground {
        store: store.clone(),
        launcher: images.launcher.clone(),
        client: images.client(keychain).map_err(|error| error.to_string())?,
        dir: images.builder_dir.clone(),
    };
    let lines: Arc<Mutex<Lines>> = Arc::default();
    let events = {
        let (lines, log) = (Arc::clone(&lines), running.log.clone());
        Events::new(move |event| {
            lines.lock().unwrap_or_else(PoisonError::into_inner).event(event, |line| log.say(line));
        })
    };
    let built = tokio::select! {
        built = actions::native::build(build, ground, events) => built.map_err(|error| format!("its image could not be built: {error}"))?,
        () = running.cancel.cancelled() => return Err("cancelled while its image was built".to_owned()),
    };
    running.log.say("##[endgroup]");
    let name = format!("sha256:{}", built.image_id.hex());
    let unpacking = tokio::task::spawn_blocking(move || {
        let image = store.image(&built.descriptor, &Platform::host()).map_err(|error| error.to_string())?;
        Base::unpack(&store, &image, &name).map_err(|error| error.to_string())
    });
    unpacking.await.unwrap_or_else(|_| Err("unpacking the image was interrupted".to_owned()))
}

/// A build's events as lines.
#[derive(Default)]
struct Lines {
    names: std::collections::BTreeMap<builder::StepId, String>,
}

impl Lines {
    fn event(&mut self, event: Event, say: impl Fn(&str)) {
        match event {
            Event::Planned { step, name, .. } => {
                self.names.insert(step, name);
            }
            Event::Started { step } => say(self.names.get(&step).map_or("", String::as_str)),
            Event::Cached { step } => say(&format!("CACHED {}", self.names.get(&step).map_or("", String::as_str))),
            Event::Log { data, .. } => {
                String::from_utf8_lossy(&data).lines().for_each(|line| say(&format!("  {line}")));
            }
            Event::Warning { message, .. } => say(&format!("##[warning]{message}")),
            Event::Transfer { .. } | Event::Finished { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_dockerfile() {
        for (text, want) in [
            ("Dockerfile", true),
            ("sub/Dockerfile", true),
            ("Dockerfile.action", true),
            ("action.Dockerfile", true),
            ("alpine:3", false),
            ("mydockerfile", false),
        ] {
            assert_eq!(is_dockerfile(text), want, "{text}");
        }
        assert_eq!(strip_scheme("Docker://alpine"), Some("alpine"));
        assert_eq!(strip_scheme("alpine"), None);
    }
}
