//! `docker system prune` and the like.

use std::collections::BTreeMap;

use container::flags::Parsed;
use container::options::size;
use image::{Platform, Prune};

use super::{containers, networks, volumes};
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::session::{Session, blocking};

pub(super) async fn system(session: &Session, parsed: Parsed) -> Outcome {
    let removed = containers::prune_stopped(session).await;
    listed(session, "Deleted Containers:", &removed).await;
    let removed = networks::prune_unused(session).await;
    listed(session, "Deleted Networks:", &removed).await;
    if parsed.on("volumes") {
        let removed = volumes::prune_unused(session, false);
        listed(session, "Deleted Volumes:", &removed).await;
    }
    images(session, parsed).await
}

async fn listed(session: &Session, heading: &str, names: &[String]) {
    if !names.is_empty() {
        session.line(format!("{heading}\n{}\n", names.join("\n"))).await;
    }
}

pub(super) async fn stopped(session: &Session, _parsed: Parsed) -> Outcome {
    let removed = containers::prune_stopped(session).await;
    listed(session, "Deleted Containers:", &removed).await;
    session.line("Total reclaimed space: 0B").await;
    Ok(0)
}

/// Images without names go; those with names stay even with `--all`, because they are not this job's alone.
pub(super) async fn images(session: &Session, parsed: Parsed) -> Outcome {
    if parsed.on("all") {
        session.err("images with names are shared with other jobs and are kept\n").await;
    }
    let store = session.ground.store.clone();
    let pruned = blocking(move || Ok(store.prune(&Prune { nameless: true, ..Prune::default() })?)).await?;
    let names: Vec<String> =
        pruned.images.iter().map(|entry| format!("deleted: {}", entry.descriptor.digest)).collect();
    listed(session, "Deleted Images:", &names).await;
    session.line(format!("Total reclaimed space: {}", size::decimal(pruned.bytes))).await;
    Ok(0)
}

/// The builder's cache is every job's: nothing is taken from it here.
pub(super) async fn builder(session: &Session, _parsed: Parsed) -> Outcome {
    session.line("Total reclaimed space: 0B").await;
    Ok(0)
}

pub(super) async fn df(session: &Session, parsed: Parsed) -> Outcome {
    let store = session.ground.store.clone();
    // An image may have many names.
    let images: BTreeMap<String, u64> = blocking(move || {
        let entries = store.list()?;
        let images = entries.iter().filter_map(|entry| store.image(&entry.descriptor, &Platform::host()).ok());
        Ok(images.map(|image| (image.config_digest.to_string(), image.size())).collect())
    })
    .await?;
    let mut listing = Listing::default();
    let table = &session.ground.table;
    let (containers, volumes) = (table.containers(), table.volumes());
    let used = images.keys().filter(|id| containers.iter().any(|container| container.base().id == **id)).count();
    let running = containers.iter().filter(|container| container.sandbox().is_some()).count();
    let mounted = volumes.iter().filter(|volume| !table.users_of(volume).is_empty()).count();
    let rows = [
        ("Images", images.len(), used, size::short(images.values().sum())),
        ("Containers", containers.len(), running, "0B".to_owned()),
        ("Local Volumes", volumes.len(), mounted, "0B".to_owned()),
        ("Build Cache", 0, 0, "0B".to_owned()),
    ];
    for (kind, count, active, size) in rows {
        listing.push([
            ("Type", kind.to_owned()),
            ("TotalCount", count.to_string()),
            ("Active", active.to_string()),
            ("Size", size),
            ("Reclaimable", "0B".into()),
        ]);
    }
    let headings = [
        ("Type", "TYPE"),
        ("TotalCount", "TOTAL"),
        ("Active", "ACTIVE"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
    ];
    let columns = ["Type", "TotalCount", "Active", "Size", "Reclaimable"];
    session.out(listing.render(parsed.last("format"), &columns, &headings).map_err(Failure::new)?).await;
    Ok(0)
}
