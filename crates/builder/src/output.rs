//! What comes of a build: manifests and an index in the store, then wherever the request wants them.

mod assemble;
mod files;
mod provenance;

use std::path::Path;
use std::sync::Arc;

use image::archive::{Format, Saved};
use image::{Descriptor, Image, ImageConfiguration, Platform, Reference};
use serde_json::json;

use crate::graph::{Layer, StepRef};
use crate::keys::Key;
use crate::request::{Output, OutputKind};
use crate::results::Record;
use crate::session::Session;
use crate::solve::Solver;
use crate::transfer::Told;
use crate::{Build, Built, Error};

/// The result for one platform, before it is an image.
pub(crate) struct Made {
    pub(crate) platform: Platform,
    /// As it was asked for.
    pub(crate) asked: Platform,
    pub(crate) config: ImageConfiguration,
    pub(crate) layers: Vec<Layer>,
    pub(crate) materials: Vec<(String, image::Digest)>,
    /// Results that go into the configuration as a cache.
    pub(crate) inline: Vec<(Key, Record)>,
}

/// What outputs and attestations need to know of the build.
pub(crate) struct Subject<'a> {
    pub(crate) build: &'a Build,
    pub(crate) session: &'a Arc<Session>,
    pub(crate) epoch: i64,
    /// Name and text of the Dockerfile.
    pub(crate) dockerfile: &'a str,
    pub(crate) text: &'a str,
    /// Of a git context.
    pub(crate) commit: Option<&'a str>,
    /// Instructions in order, of the first platform.
    pub(crate) steps: Vec<String>,
}

/// Writes everything that the request wants.
pub(crate) async fn write(
    subject: &Subject<'_>,
    made: Vec<Made>,
    solvers: &[Solver<'_>],
    heads: &[Option<StepRef>],
) -> Result<Built, Error> {
    let session = subject.session;
    let build = subject.build;
    let asked: Vec<Platform> = made.iter().map(|one| one.asked.clone()).collect();
    let step = session.plan("[internal] write the image", "", None);
    let images = session.telling(step, assemble::assemble(subject, made)).await?;
    let default = [Output::store()];
    let outputs: &[Output] = if build.outputs.is_empty() { &default } else { &build.outputs };
    for output in outputs {
        match &output.kind {
            OutputKind::CacheOnly => {}
            OutputKind::Image { push, names, by_digest, store } => {
                let names = references(build, names)?;
                if *store || *push {
                    keep(session, &names, &images.root).await?;
                }
                if *push {
                    push_all(session, &names, &images.root, *by_digest).await?;
                }
            }
            OutputKind::Docker { dest: None } => keep(session, &build.tags, &images.root).await?,
            OutputKind::Docker { dest: Some(path) } => archive(subject, &images, Some(path), Format::Docker).await?,
            OutputKind::Oci { dest, tar: true } => archive(subject, &images, dest.as_deref(), Format::Oci).await?,
            OutputKind::Oci { dest: None, tar: false } => {
                return Err(Error::Request("an OCI layout that is no archive needs a directory: dest=DIR".to_owned()));
            }
            OutputKind::Oci { dest: Some(path), tar: false } => layout(subject, &images, path).await?,
            OutputKind::Tar { dest } => {
                let [one] = images.images.as_slice() else {
                    return Err(Error::Request("type=tar holds the files of one platform only".to_owned()));
                };
                tar(session, one, dest.as_deref()).await?;
            }
            OutputKind::Local { dest } => {
                for (place, (solver, head)) in solvers.iter().zip(heads).enumerate() {
                    let target = match asked.get(place) {
                        Some(platform) if asked.len() > 1 => dest.join(platform.to_string().replace('/', "_")),
                        _ => dest.clone(),
                    };
                    local(solver, *head, &target).await?;
                }
            }
        }
    }
    Ok(built(build, images, asked))
}

/// What was assembled.
pub(crate) struct Assembled {
    /// A manifest, or an index.
    pub(crate) root: Descriptor,
    /// The manifest of each platform.
    pub(crate) manifests: Vec<Descriptor>,
    pub(crate) images: Vec<Image>,
    pub(crate) provenance: Option<serde_json::Value>,
}

impl Output {
    /// The image store.
    pub(crate) fn store() -> Self {
        let kind = OutputKind::Image { push: false, names: Vec::new(), by_digest: false, store: true };
        Self { kind, options: std::collections::BTreeMap::new() }
    }
}

fn built(build: &Build, images: Assembled, asked: Vec<Platform>) -> Built {
    let mut metadata = serde_json::Map::new();
    if let Some(provenance) = &images.provenance {
        metadata.insert("buildx.build.provenance".to_owned(), provenance.clone());
    }
    let image_id = images.images.first().map_or(images.root.digest, |image| image.config_digest);
    metadata.insert("containerimage.config.digest".to_owned(), json!(image_id));
    metadata.insert("containerimage.descriptor".to_owned(), json!(images.root));
    metadata.insert("containerimage.digest".to_owned(), json!(images.root.digest));
    if !build.tags.is_empty() {
        let names: Vec<String> = build.tags.iter().map(ToString::to_string).collect();
        metadata.insert("image.name".to_owned(), json!(names.join(",")));
    }
    Built {
        digest: images.root.digest,
        descriptor: images.root,
        image_id,
        platforms: asked.into_iter().zip(images.manifests).collect(),
        metadata,
    }
}

fn references(build: &Build, names: &[String]) -> Result<Vec<Reference>, Error> {
    let mut all = build.tags.clone();
    for name in names {
        let reference = Reference::parse(name).map_err(|error| Error::Request(error.to_string()))?;
        if !all.contains(&reference) {
            all.push(reference);
        }
    }
    Ok(all)
}

/// Gives the image its names in the store, or keeps it without one.
async fn keep(session: &Session, names: &[Reference], root: &Descriptor) -> Result<(), Error> {
    let (store, names, root) = (session.store.clone(), names.to_vec(), root.clone());
    crate::blocking::run(move || {
        let keep = || {
            if names.is_empty() {
                return store.keep(&root);
            }
            for name in &names {
                if store.resolve(name)?.as_ref() != Some(&root) {
                    store.tag(name, &root)?;
                }
            }
            Ok(())
        };
        keep().map_err(crate::build::store_failed)
    })
    .await
}

async fn push_all(session: &Session, names: &[Reference], root: &Descriptor, by_digest: bool) -> Result<(), Error> {
    if names.is_empty() {
        return Err(Error::Request("a push needs a name: give the image one with -t".to_owned()));
    }
    for name in names {
        let name = if by_digest { name.with_digest(&root.digest) } else { name.clone() };
        let step = session.plan(&format!("[internal] push {}", name.familiar()), "", None);
        let told = Told { events: session.events.clone(), step };
        let push = async {
            let pushed = session.client.push(&name, root, &session.store, &told).await;
            pushed.map_err(|error| Error::Image { reference: name.familiar(), why: error.to_string() })
        };
        session.telling(step, push).await?;
    }
    Ok(())
}

async fn archive(subject: &Subject<'_>, images: &Assembled, dest: Option<&Path>, format: Format) -> Result<(), Error> {
    let store = subject.session.store.clone();
    let saved = Saved { descriptor: images.root.clone(), references: subject.build.tags.clone() };
    let platform = images.images.first().map_or_else(Platform::host, Image::platform);
    let dest = dest.map(Path::to_owned);
    crate::blocking::run(move || {
        files::whole(dest.as_deref(), |output| {
            image::archive::save(&store, std::slice::from_ref(&saved), &platform, format, output).map(drop)
        })
    })
    .await
}

async fn layout(subject: &Subject<'_>, images: &Assembled, dest: &Path) -> Result<(), Error> {
    let store = subject.session.store.clone();
    let saved = Saved { descriptor: images.root.clone(), references: subject.build.tags.clone() };
    let dest = dest.to_owned();
    crate::blocking::run(move || {
        let failed = |source: std::io::Error| Error::Output { path: dest.clone(), source };
        std::fs::create_dir_all(&dest).map_err(failed)?;
        image::archive::save_dir(&store, &[saved], &dest).map_err(|error| failed(std::io::Error::other(error)))
    })
    .await
}

async fn tar(session: &Session, image: &Image, dest: Option<&Path>) -> Result<(), Error> {
    let (store, image, dest) = (session.store.clone(), image.clone(), dest.map(Path::to_owned));
    crate::blocking::run(move || {
        files::whole(dest.as_deref(), |output| image::archive::export(&store, &image, output).map(drop))
    })
    .await
}

async fn local(solver: &Solver<'_>, head: Option<StepRef>, dest: &Path) -> Result<(), Error> {
    let view = solver.view(head).await?;
    let dest = dest.to_owned();
    crate::blocking::run(move || {
        files::export(&*view, Path::new(""), &dest).map_err(|source| Error::Output { path: dest, source })
    })
    .await
}
