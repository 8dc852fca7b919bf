//! `docker images`, `rmi`, `tag`, `history`.

use container::flags::Parsed;
use container::options::size;
use image::{Image, Platform, Reference};
use jiff::Timestamp;

use super::ps::{filters, moment, since};
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::session::{Session, blocking};

struct Row {
    reference: Option<Reference>,
    digest: image::Digest,
    image: Image,
}

pub(super) async fn ls(session: &Session, parsed: Parsed) -> Outcome {
    let filters = filters(&parsed, &["dangling", "reference", "label"])?;
    let store = session.ground.store.clone();
    let mut rows: Vec<Row> = blocking(move || {
        let mut rows = Vec::new();
        for entry in store.list()? {
            // What is damaged or for other platforms is no image that could be run here.
            let image = store.image(&entry.descriptor, &Platform::host());
            let image = image.ok().or_else(|| store.images(&entry.descriptor).ok()?.into_iter().next());
            rows.extend(image.map(|image| Row { reference: entry.reference, digest: entry.descriptor.digest, image }));
        }
        Ok(rows)
    })
    .await?;
    if let Some(pattern) = parsed.rest.first() {
        rows.retain(|row| row.reference.as_ref().is_some_and(|reference| named(reference, pattern)));
    }
    rows.retain(|row| {
        filters.iter().all(|(key, value)| match key.as_str() {
            "dangling" => row.reference.is_none() == matches!(value.as_str(), "true" | "1"),
            "reference" => row.reference.as_ref().is_some_and(|reference| named(reference, value)),
            "label" => {
                let labels: Vec<_> = row.image.config.config.labels.clone().into_iter().collect();
                super::networks::has_label(&labels, value)
            }
            _ => false,
        })
    });
    rows.sort_by_key(|row| std::cmp::Reverse(created(&row.image)));
    let whole = parsed.on("no-trunc");
    let id = |row: &Row| match whole {
        true => row.image.config_digest.to_string(),
        false => row.image.config_digest.hex().chars().take(12).collect(),
    };
    if parsed.on("quiet") {
        for row in &rows {
            session.line(id(row)).await;
        }
        return Ok(0);
    }
    let mut listing = Listing::default();
    for row in &rows {
        let none = || "<none>".to_owned();
        let created = created(&row.image);
        listing.push([
            ("Repository", row.reference.as_ref().map_or_else(none, Reference::familiar_repository)),
            (
                "Tag",
                row.reference.as_ref().and_then(|reference| reference.tag().map(str::to_owned)).unwrap_or_else(none),
            ),
            ("Digest", row.digest.to_string()),
            ("ID", id(row)),
            ("CreatedSince", created.map_or_else(|| "N/A".into(), |time| format!("{} ago", since(time)))),
            ("CreatedAt", created.map_or_else(String::new, moment)),
            ("Size", size::short(row.image.size())),
        ]);
    }
    let mut columns = vec!["Repository", "Tag", "ID", "CreatedSince", "Size"];
    if parsed.on("digests") {
        columns.insert(2, "Digest");
    }
    let headings = [
        ("Repository", "REPOSITORY"),
        ("Tag", "TAG"),
        ("Digest", "DIGEST"),
        ("ID", "IMAGE ID"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("Size", "SIZE"),
    ];
    session.out(listing.render(parsed.last("format"), &columns, &headings).map_err(Failure::new)?).await;
    Ok(0)
}

fn created(image: &Image) -> Option<Timestamp> {
    image.config.created.as_ref()?.parse().ok()
}

/// Whether a name fits `repository[:tag]`, in which `*` stands for anything but a slash.
fn named(reference: &Reference, pattern: &str) -> bool {
    let repository = reference.familiar_repository();
    let tagged = format!("{repository}:{}", reference.tag().unwrap_or_default());
    fits(&repository, pattern) || fits(&tagged, pattern) || fits(&reference.repository(), pattern)
}

fn fits(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let end = text.find('/').unwrap_or(text.len());
            (0..=end).filter(|at| text.is_char_boundary(*at)).any(|at| fits(&text[at..], rest))
        }),
    }
}

pub(super) async fn tag(session: &Session, parsed: Parsed) -> Outcome {
    let (store, from, to) = (session.ground.store.clone(), parsed.rest[0].clone(), parsed.rest[1].clone());
    let target = Reference::parse(&to).map_err(|_| {
        Failure::new(format!("Error parsing reference: {to:?} is not a valid repository/tag: invalid reference format"))
    })?;
    if target.digest().is_some() {
        return Err(Failure::new("refusing to create a tag with a digest reference"));
    }
    blocking(move || {
        let found = store.find(&from)?;
        Ok(store.tag(&target, &found.descriptor)?)
    })
    .await?;
    Ok(0)
}

pub(super) async fn rm(session: &Session, parsed: Parsed) -> Outcome {
    let mut code = 0;
    for name in &parsed.rest {
        match remove(session, name, parsed.on("force")).await {
            Ok(lines) => session.out(lines).await,
            Err(failure) if parsed.on("force") && failure.text.contains("No such image") => {
                session.err(format!("{}\n", failure.text)).await;
            }
            Err(failure) => {
                session.err(format!("{}\n", failure.text)).await;
                code = 1;
            }
        }
    }
    Ok(code)
}

async fn remove(session: &Session, name: &str, force: bool) -> Result<String, Failure> {
    let (store, name) = (session.ground.store.clone(), name.to_owned());
    let users: Vec<(String, String)> = session
        .ground
        .table
        .containers()
        .iter()
        .map(|container| (container.base().id.clone(), container.short_id().to_owned()))
        .collect();
    blocking(move || {
        let found = store.find(&name)?;
        let names: Vec<Reference> = store
            .list()?
            .into_iter()
            .filter(|entry| entry.descriptor.digest == found.descriptor.digest)
            .filter_map(|entry| entry.reference)
            .collect();
        let id = store.image(&found.descriptor, &Platform::host()).map(|image| image.config_digest.to_string());
        let last = found.reference.is_none() || names.len() <= 1;
        let short = |id: &str| id.trim_start_matches("sha256:").chars().take(12).collect::<String>();
        if last
            && !force
            && let Ok(id) = &id
            && let Some((_, user)) = users.iter().find(|(used, _)| used == id)
        {
            let text = format!("conflict: unable to remove repository reference {name:?} (must force) - container {user} is using its referenced image {}", short(id));
            return Err(Failure::daemon(text));
        }
        if found.reference.is_none() && names.len() > 1 && !force {
            let id = id.as_deref().map(short).unwrap_or_default();
            return Err(Failure::daemon(format!("conflict: unable to delete {id} (must be forced) - image is referenced in multiple repositories")));
        }
        let mut lines = String::new();
        let gone: Vec<&Reference> = match &found.reference {
            Some(reference) => vec![reference],
            None => names.iter().collect(),
        };
        for reference in gone {
            store.untag(reference)?;
            lines += &format!("Untagged: {}\n", reference.familiar());
        }
        if last {
            store.forget(&found.descriptor.digest)?;
            lines += &format!("Deleted: {}\n", id.unwrap_or_else(|_| found.descriptor.digest.to_string()));
        }
        Ok(lines)
    })
    .await
}

pub(super) async fn history(session: &Session, parsed: Parsed) -> Outcome {
    let (store, name) = (session.ground.store.clone(), parsed.rest[0].clone());
    let image = blocking(move || {
        let found = store.find(&name)?;
        Ok(store.image(&found.descriptor, &Platform::host())?)
    })
    .await?;
    let whole = parsed.on("no-trunc");
    let mut layers = image.layers.iter();
    let mut listing = Listing::default();
    let mut sizes = Vec::new();
    for entry in &image.config.history {
        sizes.push(if entry.empty_layer { 0 } else { layers.next().map_or(0, |layer| layer.size) });
    }
    let count = image.config.history.len();
    for (index, entry) in image.config.history.iter().enumerate().rev() {
        let time: Option<Timestamp> = entry.created.as_ref().and_then(|time| time.parse().ok());
        let by = entry.created_by.clone().unwrap_or_default().replace('\t', " ");
        let by = if !whole && by.chars().count() > 45 { by.chars().take(44).collect::<String>() + "…" } else { by };
        let id = match (index + 1 == count, whole) {
            (false, _) => "<missing>".to_owned(),
            (true, true) => image.config_digest.to_string(),
            (true, false) => image.config_digest.hex().chars().take(12).collect(),
        };
        listing.push([
            ("ID", id),
            ("CreatedSince", time.map_or_else(|| "N/A".into(), |time| format!("{} ago", since(time)))),
            ("CreatedAt", time.map_or_else(String::new, |time| time.to_string())),
            ("CreatedBy", by),
            ("Size", size::short(sizes[index])),
            ("Comment", entry.comment.clone().unwrap_or_default()),
        ]);
    }
    if parsed.on("quiet") {
        for row in &listing.rows {
            session.line(row["ID"].as_str().unwrap_or_default()).await;
        }
        return Ok(0);
    }
    let headings = [
        ("ID", "IMAGE"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("CreatedBy", "CREATED BY"),
        ("Size", "SIZE"),
        ("Comment", "COMMENT"),
    ];
    let columns = ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"];
    session.out(listing.render(parsed.last("format"), &columns, &headings).map_err(Failure::new)?).await;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_names() {
        for (text, pattern, expected) in [
            ("busybox", "busybox", true),
            ("busybox:latest", "busybox:*", true),
            ("a/busybox", "*", false),
            ("a/busybox", "a/*box", true),
            ("a/b", "a/b/c", false),
        ] {
            assert_eq!(fits(text, pattern), expected, "{text} {pattern}");
        }
    }
}
