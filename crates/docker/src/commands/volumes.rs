//! `docker volume`.

use container::Volume;
use container::flags::Parsed;
use serde_json::{Value, json};

use super::{networks, ps};
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::session::Session;

pub(super) async fn create(session: &Session, parsed: Parsed) -> Outcome {
    if !matches!(parsed.last("driver"), None | Some("" | "local")) || parsed.given("opt") {
        return Err(Failure::new("docker volume create: there is one driver, local, and it takes no options"));
    }
    let mut labels = Vec::new();
    for label in parsed.all("label") {
        let (key, value) = label.split_once('=').unwrap_or((label, ""));
        labels.push((key.to_owned(), value.to_owned()));
    }
    let name = parsed.rest.first().map(String::as_str).or(parsed.last("name"));
    let volume = session.ground.table.create_volume(name, labels)?;
    session.line(&volume.name).await;
    Ok(0)
}

pub(super) async fn ls(session: &Session, parsed: Parsed) -> Outcome {
    let filters = ps::filters(&parsed, &["name", "label", "driver", "dangling"])?;
    let fits = |volume: &Volume| {
        filters.iter().all(|(key, value)| match key.as_str() {
            "name" => volume.name.contains(value.as_str()),
            "label" => networks::has_label(&volume.labels, value),
            "driver" => value == "local",
            "dangling" => session.ground.table.users_of(volume).is_empty() == matches!(value.as_str(), "true" | "1"),
            _ => false,
        })
    };
    let volumes: Vec<Volume> = session.ground.table.volumes().into_iter().filter(fits).collect();
    if parsed.on("quiet") {
        for volume in volumes {
            session.line(volume.name).await;
        }
        return Ok(0);
    }
    let mut listing = Listing::default();
    for volume in volumes {
        listing.push([
            ("Driver", "local".into()),
            ("Name", volume.name),
            ("Scope", "local".into()),
            ("Mountpoint", volume.path.display().to_string()),
        ]);
    }
    let headings = [("Driver", "DRIVER"), ("Name", "VOLUME NAME"), ("Scope", "SCOPE"), ("Mountpoint", "MOUNTPOINT")];
    session.out(listing.render(parsed.last("format"), &["Driver", "Name"], &headings).map_err(Failure::new)?).await;
    Ok(0)
}

pub(super) async fn rm(session: &Session, parsed: Parsed) -> Outcome {
    let mut code = 0;
    for name in &parsed.rest {
        match session.ground.table.remove_volume(name) {
            Ok(()) => session.line(name).await,
            Err(container::Error::NoVolume(_)) if parsed.on("force") => session.line(name).await,
            Err(error) => {
                session.err(format!("Error response from daemon: {error}\n")).await;
                code = 1;
            }
        }
    }
    Ok(code)
}

pub(super) async fn prune(session: &Session, parsed: Parsed) -> Outcome {
    let removed = prune_unused(session, parsed.on("all"));
    if !removed.is_empty() {
        session.line(format!("Deleted Volumes:\n{}\n", removed.join("\n"))).await;
    }
    session.line("Total reclaimed space: 0B").await;
    Ok(0)
}

/// Removes those no container has: anonymous ones, or all.
pub(super) fn prune_unused(session: &Session, all: bool) -> Vec<String> {
    let table = &session.ground.table;
    let unused = table.volumes().into_iter().filter(|volume| all || volume.anonymous);
    unused.filter(|volume| table.remove_volume(&volume.name).is_ok()).map(|volume| volume.name).collect()
}

/// As `docker volume inspect` shows it.
pub(super) fn inspect(volume: &Volume) -> Value {
    json!({
        "CreatedAt": volume.created.to_string(),
        "Driver": "local",
        "Labels": volume.labels.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "Mountpoint": volume.path.display().to_string(),
        "Name": volume.name,
        "Options": null,
        "Scope": "local",
    })
}
