//! Releases, with their files.

use axum::extract::Path;
use identity::Permission;
use maud::{Markup, html};
use store::releases::{Asset, Release};

use super::layout;
use super::refusal::{Refusal, encode};
use super::visit::Visit;
use super::words::moment;

/// Releases shown; more of them are for the API.
const MOST: i64 = 50;

pub(super) async fn list(visit: Visit, Path((owner, name)): Path<(String, String)>) -> Result<Markup, Refusal> {
    let repository = visit.readable(&owner, &name, Permission::Contents).await?;
    let found = store::releases::list(&mut visit.server.store().read(), repository.id, false, MOST, 0).await?;
    let (now, full_name) = (visit.server.store().now(), repository.full_name());
    let body = html! {
        (super::runs::tabs(&full_name, "Releases"))
        @if found.is_empty() { p.soft { "There is none yet." } }
        ul.list {
            @for release in &found {
                li {
                    div.grow {
                        a.title href={ "/" (full_name) "/releases/tag/" (encode(&release.tag)) } { (title(release)) }
                        @if release.prerelease { span.tag { "pre-release" } }
                        div.soft { code { (release.tag) } }
                    }
                    div.right { span.soft { (moment(release.published_at.unwrap_or(release.created_at), now)) } }
                }
            }
        }
    };
    let way = [(full_name.as_str(), format!("/{full_name}"))];
    Ok(layout::page(&visit, &format!("Releases · {full_name}"), &way, &body))
}

pub(super) async fn page(
    visit: Visit,
    Path((owner, name, tag)): Path<(String, String, String)>,
) -> Result<Markup, Refusal> {
    let repository = visit.readable(&owner, &name, Permission::Contents).await?;
    let mut query = visit.server.store().read();
    let release = store::releases::by_tag(&mut query, repository.id, &tag).await?;
    let release = release.filter(|release| !release.draft).ok_or(Refusal::Nothing)?;
    let assets = store::releases::assets(&mut query, release.id).await?;
    let author = visit.name_of(release.author_id).await?;
    let (now, full_name) = (visit.server.store().now(), repository.full_name());
    let body = html! {
        h1 { (title(&release)) }
        p.soft {
            code { (release.tag) } " · " (author) " · " (moment(release.published_at.unwrap_or(release.created_at), now))
            @if release.prerelease { span.tag { "pre-release" } }
        }
        @if !release.body.is_empty() { pre.said.summary { (release.body) } }
        @if !assets.is_empty() {
            h2 { "Files" }
            ul.list { @for asset in &assets { (file(&full_name, &release, asset)) } }
        }
    };
    let way = [(full_name.as_str(), format!("/{full_name}")), ("Releases", format!("/{full_name}/releases"))];
    Ok(layout::page(&visit, &format!("{} · {full_name}", title(&release)), &way, &body))
}

fn title(release: &Release) -> &str {
    if release.name.is_empty() { &release.tag } else { &release.name }
}

fn file(full_name: &str, release: &Release, asset: &Asset) -> Markup {
    // Each is one part of the path, slashes and all.
    let part = |text: &str| encode(text).replace('/', "%2F");
    let address = format!("/{full_name}/releases/download/{}/{}", part(&release.tag), part(&asset.name));
    html! {
        li {
            div.grow {
                a.title href=(address) { (asset.label.as_deref().unwrap_or(&asset.name)) }
                div.soft { (asset.name) }
            }
            div.right { span.soft { (size(asset.size)) } }
        }
    }
}

/// `3.4 MB`
fn size(bytes: i64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes() {
        for (bytes, expected) in [(0, "0 B"), (999, "999 B"), (3_400_000, "3.4 MB"), (2_000_000_000_000, "2.0 TB")] {
            assert_eq!(super::size(bytes), expected);
        }
    }
}
