//! The rest of `docker buildx`: there is one builder, and it needs no set-up.

use container::flags::Parsed;
use image::{Document, Reference};
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::template::Template;

/// The version of buildx whose command line this follows.
const FOLLOWS: &str = "v0.24.0";

pub(super) async fn version(session: &Session, _parsed: Parsed) -> Outcome {
    session.line(format!("github.com/docker/buildx {FOLLOWS} trunkline-{}", env!("CARGO_PKG_VERSION"))).await;
    Ok(0)
}

fn platforms() -> String {
    image::Platform::host().to_string()
}

pub(super) async fn ls(session: &Session, parsed: Parsed) -> Outcome {
    if let Some(format) = parsed.last("format") {
        let value = json!({ "Name": "default", "Driver": "trunkline", "Status": "running", "Platforms": platforms() });
        let text = match format {
            "json" => value.to_string(),
            format => Template::parse(format).and_then(|template| template.render(&value)).map_err(Failure::new)?,
        };
        session.line(text).await;
        return Ok(0);
    }
    let lines = [
        "NAME/NODE\tDRIVER/ENDPOINT\tSTATUS\tBUILDKIT\tPLATFORMS".to_owned(),
        "default*\ttrunkline\t\t\t".into(),
        format!(" \\_ default\t \\_ default\trunning\ttrunkline\t{}", platforms()),
    ];
    session.out(crate::listing::aligned(&lines)).await;
    Ok(0)
}

pub(super) async fn inspect(session: &Session, _parsed: Parsed) -> Outcome {
    session
        .line(format!(
            "Name:          default\nDriver:        trunkline\n\nNodes:\nName:             default\nEndpoint:         default\nStatus:           running\n\
             Platforms:        {}",
            platforms()
        ))
        .await;
    Ok(0)
}

/// Whatever is created is the one builder by another name.
pub(super) async fn create(session: &Session, parsed: Parsed) -> Outcome {
    match parsed.last("driver") {
        None | Some("" | "docker" | "docker-container") => {}
        Some(other) => {
            return Err(Failure::new(format!(
                "ERROR: the driver {other} is not supported: builds run in sandboxes of this machine"
            )));
        }
    }
    session.line(parsed.last("name").unwrap_or("default")).await;
    Ok(0)
}

/// `use`, `rm`, `stop`, and what else asks nothing of the one builder.
pub(super) async fn nothing(_session: &Session, _parsed: Parsed) -> Outcome {
    Ok(0)
}

pub(super) async fn imagetools_inspect(session: &Session, parsed: Parsed) -> Outcome {
    let name = &parsed.rest[0];
    let reference = Reference::parse(name)?;
    let wrong = |error: &dyn std::fmt::Display| Failure::new(format!("ERROR: {name}: {error}"));
    let fetched = session.client()?.manifest(&reference).await.map_err(|error| wrong(&error))?;
    if parsed.on("raw") {
        session.out(fetched.bytes.to_vec()).await;
        return Ok(0);
    }
    let descriptor = &fetched.descriptor;
    let document = fetched.document().map_err(|error| wrong(&error))?;
    let whole: serde_json::Value = serde_json::from_slice(&fetched.bytes).map_err(|error| wrong(&error))?;
    if let Some(format) = parsed.last("format") {
        let mut manifest = json!({ "schemaVersion": 2, "mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size });
        if let Some(list) = whole.get("manifests") {
            manifest["manifests"] = list.clone();
        }
        let value = json!({ "Name": reference.familiar(), "Manifest": manifest });
        let lowered = format
            .replace(".Manifest.Digest", ".Manifest.digest")
            .replace(".Manifest.MediaType", ".Manifest.mediaType");
        session
            .line(Template::parse(&lowered).and_then(|template| template.render(&value)).map_err(Failure::new)?)
            .await;
        return Ok(0);
    }
    let full = format!("{}:{}", reference.repository(), reference.tag().unwrap_or("latest"));
    let mut lines = vec![
        format!("Name:      {full}"),
        format!("MediaType: {}", descriptor.media_type),
        format!("Digest:    {}", descriptor.digest),
    ];
    if let Document::Index(_) = document {
        lines.push("           \nManifests: ".into());
        for entry in whole["manifests"].as_array().into_iter().flatten() {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            lines.push(format!("  Name:      {full}@{}", text(&entry["digest"])));
            lines.push(format!("  MediaType: {}", text(&entry["mediaType"])));
            if let Some(platform) = entry.get("platform") {
                lines.push(format!("  Platform:  {}/{}", text(&platform["os"]), text(&platform["architecture"])));
            }
            lines.push("             ".into());
        }
    }
    session.line(lines.join("\n")).await;
    Ok(0)
}
