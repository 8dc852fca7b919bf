//! `docker inspect`, of anything.

use container::flags::Parsed;
use image::{Image, Platform};
use serde_json::{Value, json, ser::PrettyFormatter};

use super::{networks, volumes};
use crate::failure::{Failure, Outcome};
use crate::session::{Session, blocking};
use crate::template::Template;

/// What may be inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Container,
    Image,
    Network,
    Volume,
}

pub(super) async fn any(session: &Session, parsed: Parsed) -> Outcome {
    let kind = match parsed.last("type") {
        None | Some("") => Kind::Any,
        Some("container") => Kind::Container,
        Some("image") => Kind::Image,
        Some("network") => Kind::Network,
        Some("volume") => Kind::Volume,
        Some(other) => return Err(Failure::new(format!("{other:?} is not a valid value for --type"))),
    };
    inspect(session, parsed, kind).await
}

pub(super) async fn inspect(session: &Session, parsed: Parsed, kind: Kind) -> Outcome {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for name in &parsed.rest {
        match find(session, name, kind).await {
            Ok(value) => found.push(value),
            Err(failure) => failed.push(failure.text),
        }
    }
    show(session, &parsed, found, failed).await
}

/// Prints what was found as `--format` wants it; fails with what was not.
pub(super) async fn show(session: &Session, parsed: &Parsed, found: Vec<Value>, failed: Vec<String>) -> Outcome {
    let template = match parsed.last("format") {
        None | Some("" | "json") => None,
        Some(text) => Some(Template::parse(text).map_err(|why| Failure { code: 64, text: why })?),
    };
    let one_line = parsed.last("format") == Some("json");
    match template {
        Some(template) => {
            for value in &found {
                match template.render(value) {
                    Ok(text) => session.line(text).await,
                    Err(why) => {
                        // The line that was begun is ended.
                        session.line("").await;
                        return Err(Failure::new(format!("template parsing error: {why}")));
                    }
                }
            }
        }
        None if one_line => session.line(Value::Array(found).to_string()).await,
        None => session.line(pretty(&Value::Array(found))).await,
    }
    match failed.is_empty() {
        true => Ok(0),
        false => Err(Failure::new(failed.join("\n"))),
    }
}

/// JSON with docker's four blanks.
pub(super) fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    // Writing into memory does not fail, nor do keys that are text.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

async fn find(session: &Session, name: &str, kind: Kind) -> Result<Value, Failure> {
    let table = &session.ground.table;
    let is = |wanted: Kind| kind == wanted || kind == Kind::Any;
    if is(Kind::Container) {
        match table.container(name) {
            Ok(container) => return Ok(container.inspect()),
            Err(error) if kind == Kind::Container => return Err(error.into()),
            Err(_) => {}
        }
    }
    if is(Kind::Image) {
        let (store, text) = (session.ground.store.clone(), name.to_owned());
        let image = blocking(move || {
            let found = store.find(&text)?;
            let image = store.image(&found.descriptor, &Platform::host())?;
            let names = store.list()?.into_iter().filter(|entry| entry.descriptor.digest == found.descriptor.digest);
            let names: Vec<_> = names.filter_map(|entry| entry.reference).collect();
            let last = store.list()?.into_iter().find(|entry| entry.descriptor.digest == found.descriptor.digest);
            Ok(image_json(&image, &found.descriptor, &names, last.map(|entry| entry.stored)))
        });
        match image.await {
            Ok(value) => return Ok(value),
            Err(failure) if kind == Kind::Image => return Err(failure),
            Err(_) => {}
        }
    }
    if is(Kind::Network) {
        match table.network(name) {
            Ok(network) => return Ok(networks::inspect(session, &network)),
            Err(container::Error::NoNetwork(_)) if name == container::DEFAULT_NETWORK => {
                let network = table.default_network().await?;
                return Ok(networks::inspect(session, &network));
            }
            Err(error) if kind == Kind::Network => return Err(error.into()),
            Err(_) => {}
        }
    }
    if is(Kind::Volume) {
        match table.volume(name) {
            Ok(volume) => return Ok(volumes::inspect(&volume)),
            Err(error) if kind == Kind::Volume => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(Failure::new(format!("Error: No such object: {name}")))
}

fn image_json(
    image: &Image,
    descriptor: &image::Descriptor,
    names: &[image::Reference],
    stored: Option<std::time::SystemTime>,
) -> Value {
    let config = &image.config;
    let mut digests: Vec<String> =
        names.iter().map(|name| format!("{}@{}", name.familiar_repository(), descriptor.digest)).collect();
    digests.sort();
    digests.dedup();
    let mut container = serde_json::to_value(&config.config).unwrap_or_default();
    // docker writes fields that are empty; templates rely on it.
    if let Value::Object(fields) = &mut container {
        for name in ["Cmd", "Entrypoint", "Volumes", "OnBuild", "Labels", "ExposedPorts", "Env"] {
            fields.entry(name).or_insert(Value::Null);
        }
        for name in ["User", "WorkingDir"] {
            fields.entry(name).or_insert_with(|| json!(""));
        }
    }
    let tags: Vec<String> =
        names.iter().filter(|name| name.digest().is_none()).map(image::Reference::familiar).collect();
    let stored = stored.and_then(|time| jiff::Timestamp::try_from(time).ok()).map(|time| time.to_string());
    json!({
        "Id": image.config_digest.to_string(),
        "RepoTags": tags,
        "RepoDigests": digests,
        "Parent": "",
        "Comment": "",
        "Created": config.created.clone().unwrap_or_default(),
        "Author": config.author.clone().unwrap_or_default(),
        "Config": container,
        "Architecture": config.architecture,
        "Variant": config.variant,
        "Os": if config.os.is_empty() { "linux" } else { &config.os },
        "Size": image.size(),
        "RootFS": {
            "Type": "layers",
            "Layers": image.diff_ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "Metadata": { "LastTagTime": stored },
        "Descriptor": descriptor,
    })
}
