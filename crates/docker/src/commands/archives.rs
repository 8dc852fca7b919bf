//! `docker save`, `load`, `import`.

use std::fs::File;

use container::flags::Parsed;
use image::archive::{self, Format, ImportOptions, Saved};
use image::{ImageConfiguration, Platform, Reference};
use rustix::fs::OFlags;

use crate::failure::{Failure, Outcome, cause};
use crate::session::{Session, blocking};

pub(super) async fn save(session: &Session, parsed: Parsed) -> Outcome {
    let output = match parsed.last("output") {
        Some(path) => session.create(path)?,
        None if session.hello.terminals[1] => {
            return Err(Failure::new("cowardly refusing to save to a terminal. Use the -o flag or redirect"));
        }
        None => File::from(session.streams(false)?.stdout.ok_or_else(|| Failure::new("no output"))?),
    };
    let platform = match parsed.last("platform") {
        Some(text) => text.parse().map_err(|error| Failure::new(format!("{error}")))?,
        None => Platform::host(),
    };
    let (store, names) = (session.ground.store.clone(), parsed.rest);
    blocking(move || {
        let mut images: Vec<Saved> = Vec::new();
        for name in &names {
            let found = store.find(name)?;
            match images.iter_mut().find(|known| known.descriptor.digest == found.descriptor.digest) {
                Some(known) => known.references.extend(found.reference),
                None => images
                    .push(Saved { descriptor: found.descriptor, references: found.reference.into_iter().collect() }),
            }
        }
        archive::save(&store, &images, &platform, Format::Docker, std::io::BufWriter::new(output))?;
        Ok(())
    })
    .await?;
    Ok(0)
}

pub(super) async fn load(session: &Session, parsed: Parsed) -> Outcome {
    let (name, input) = input(session, parsed.last("input").unwrap_or("-"))?;
    let store = session.ground.store.clone();
    let loaded = blocking(move || Ok(archive::load(&store, &name, input, None)?)).await?;
    for image in loaded {
        if image.references.is_empty() {
            let (store, descriptor) = (session.ground.store.clone(), image.descriptor.clone());
            let id =
                blocking(move || Ok(store.image(&descriptor, &Platform::host()).map(|image| image.config_digest)?))
                    .await;
            session.line(format!("Loaded image ID: {}", id.unwrap_or(image.descriptor.digest))).await;
        }
        for reference in image.references {
            session.line(format!("Loaded image: {}", reference.familiar())).await;
        }
    }
    Ok(0)
}

pub(super) async fn import(session: &Session, parsed: Parsed) -> Outcome {
    let source = &parsed.rest[0];
    if source.starts_with("http://") || source.starts_with("https://") {
        return Err(Failure::new("docker import: URLs are not supported; download the file first"));
    }
    let name = parsed.rest.get(1).map(|name| Reference::parse(name)).transpose()?;
    let mut config = ImageConfiguration { os: "linux".into(), ..Default::default() };
    config.architecture.clone_from(&Platform::host().architecture);
    for change in parsed.all("change") {
        apply(&mut config, change)?;
    }
    let options = ImportOptions {
        config,
        message: parsed.last("message").map(str::to_owned),
        created: Some(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    };
    let (label, input) = input(session, source)?;
    let store = session.ground.store.clone();
    let id = blocking(move || {
        let _writing = store.writing()?;
        let descriptor = archive::import(&store, &label, input, options)?;
        match &name {
            Some(name) => store.tag(name, &descriptor)?,
            None => store.keep(&descriptor)?,
        }
        Ok(store.image(&descriptor, &Platform::host())?.config_digest)
    })
    .await?;
    session.line(id.to_string()).await;
    Ok(0)
}

fn input(session: &Session, path: &str) -> Result<(String, File), Failure> {
    if path == "-" {
        if session.hello.terminals[0] {
            return Err(Failure::new("requested load from stdin, but stdin is empty"));
        }
        return Ok(("the standard input".into(), File::from(session.stdin.try_clone()?)));
    }
    let file =
        session.open(path, OFlags::RDONLY).map_err(|error| Failure::new(format!("open {path}: {}", cause(&error))))?;
    Ok((path.to_owned(), File::from(file)))
}

/// `--change`: an instruction of a Dockerfile that changes the configuration alone.
fn apply(config: &mut ImageConfiguration, change: &str) -> Result<(), Failure> {
    let invalid = || Failure::daemon(format!("the change {change:?} is not supported"));
    let (word, rest) = change.trim().split_once(char::is_whitespace).ok_or_else(invalid)?;
    let rest = rest.trim();
    let words = || match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) => words,
        Err(_) => vec!["/bin/sh".into(), "-c".into(), rest.to_owned()],
    };
    let config = &mut config.config;
    match word.to_ascii_uppercase().as_str() {
        "CMD" => config.cmd = Some(words()),
        "ENTRYPOINT" => config.entrypoint = Some(words()),
        "WORKDIR" => rest.clone_into(&mut config.working_dir),
        "USER" => rest.clone_into(&mut config.user),
        "STOPSIGNAL" => config.stop_signal = Some(rest.to_owned()),
        "VOLUME" => drop(config.volumes.insert(rest.to_owned(), serde_json::json!({}))),
        "EXPOSE" => {
            let port = if rest.contains('/') { rest.to_owned() } else { format!("{rest}/tcp") };
            config.exposed_ports.insert(port, serde_json::json!({}));
        }
        "ENV" => {
            let (name, value) = rest.split_once(['=', ' ']).ok_or_else(invalid)?;
            config.env.push(format!("{name}={}", value.trim_matches('"')));
        }
        "LABEL" => {
            let (name, value) = rest.split_once('=').ok_or_else(invalid)?;
            config.labels.insert(name.to_owned(), value.trim_matches('"').to_owned());
        }
        _ => return Err(invalid()),
    }
    Ok(())
}
