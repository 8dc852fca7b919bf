use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{Read as _, Write};
use std::path::Path;

use super::docker::Item;
use super::layout::{self, Marker};
use super::names;
use crate::error::{Error, Result};
use crate::manifest::{self, Descriptor, Index};
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::Store;
use crate::tar::{Kind, Member, Writer};

/// What kind of archive is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One that `docker load` takes, of any version, and that is an OCI layout too.
    #[default]
    Docker,
    /// An OCI layout only.
    Oci,
}

/// An image to be saved, with the names that it has in the archive.
#[derive(Clone, Debug)]
pub struct Saved {
    pub descriptor: Descriptor,
    pub references: Vec<Reference>,
}

/// Writes images into one archive. Layers are written as they are stored, so that digests stay what they are. The same images
/// give the same archive.
pub fn save<W: Write>(store: &Store, images: &[Saved], platform: &Platform, format: Format, output: W) -> Result<W> {
    let failed = |source| Error::io("write", Path::new("the archive"))(source);
    let mut blobs = BTreeMap::new();
    for image in images {
        blobs.extend(layout::blobs(store, &image.descriptor)?.into_iter().map(|blob| (blob.digest, blob.size)));
    }
    let mut writer = Writer::new(output);
    let mut directories = HashSet::new();
    for (digest, size) in blobs {
        let algorithm = digest.algorithm().name();
        for directory in ["blobs".to_owned(), format!("blobs/{algorithm}")] {
            if directories.insert(directory.clone()) {
                let member = Member::new(Kind::Directory, directory.as_bytes(), 0o755);
                writer.append(&member, &mut std::io::empty()).map_err(failed)?;
            }
        }
        let mut member = Member::new(Kind::File, format!("blobs/{algorithm}/{}", digest.hex()).as_bytes(), 0o644);
        member.size = size;
        writer.append(&member, &mut store.blobs().open_blob(&digest)?).map_err(failed)?;
    }
    let mut text = |name: &str, bytes: &[u8]| {
        let mut member = Member::new(Kind::File, name.as_bytes(), 0o644);
        member.size = bytes.len() as u64;
        writer.append(&member, &mut &bytes[..]).map_err(failed)
    };
    text("index.json", &Index::oci(entries(images)).to_bytes())?;
    if format == Format::Docker {
        let items = images.iter().map(|image| item(store, image, platform)).collect::<Result<Vec<_>>>()?;
        text("manifest.json", &json(&items)?)?;
    }
    text("oci-layout", &json(&Marker::new())?)?;
    writer.finish().map_err(failed)
}

/// Writes images into an OCI layout in a directory. One that is there already keeps what it has; names that are given again
/// mean the new images.
pub fn save_dir(store: &Store, images: &[Saved], dir: &Path) -> Result<()> {
    let new = entries(images);
    let index_path = dir.join("index.json");
    let mut index = match fs::File::open(&index_path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Index::oci(Vec::new()),
        other => {
            let mut bytes = Vec::new();
            let file = other.map_err(Error::io("read", &index_path))?;
            file.take(manifest::LARGEST).read_to_end(&mut bytes).map_err(Error::io("read", &index_path))?;
            let archive = dir.display().to_string();
            serde_json::from_slice(&bytes)
                .map_err(|error| Error::Archive { archive, reason: format!("index.json: {error}") })?
        }
    };
    for image in images {
        for blob in layout::blobs(store, &image.descriptor)? {
            let parent = dir.join("blobs").join(blob.digest.algorithm().name());
            fs::create_dir_all(&parent).map_err(Error::io("create", &parent))?;
            let path = parent.join(blob.digest.hex());
            if fs::metadata(&path).is_ok_and(|metadata| metadata.len() == blob.size) {
                continue;
            }
            let mut file = tempfile::NamedTempFile::new_in(&parent).map_err(Error::io("write in", &parent))?;
            std::io::copy(&mut store.blobs().open_blob(&blob.digest)?, &mut file).map_err(Error::io("write", &path))?;
            publish(file, &path)?;
        }
    }
    index.manifests.retain(|old| {
        let name = names::name(&old.annotations);
        let named_again = name.is_some() && new.iter().any(|entry| names::name(&entry.annotations) == name);
        !named_again && !new.contains(old)
    });
    index.manifests.extend(new);
    write(dir, "oci-layout", &json(&Marker::new())?)?;
    write(dir, "index.json", &index.to_bytes())
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(name);
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(Error::io("write in", dir))?;
    file.write_all(bytes).map_err(Error::io("write", &path))?;
    publish(file, &path)
}

/// Temporary files are for their owner only; what is saved is for whoever may enter the directory.
fn publish(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(Error::io("write", path))?;
    file.persist(path).map(|_| ()).map_err(|error| Error::io("write", path)(error.error))
}

fn entries(images: &[Saved]) -> Vec<Descriptor> {
    let mut entries = Vec::new();
    for image in images {
        let entry = |annotations| Descriptor { annotations, ..image.descriptor.clone() };
        if image.references.is_empty() {
            entries.push(entry(BTreeMap::new()));
        }
        entries.extend(image.references.iter().map(|reference| entry(names::annotations(reference))));
    }
    entries
}

/// What docker before version 25 reads: one image, of one platform.
fn item(store: &Store, saved: &Saved, platform: &Platform) -> Result<Item> {
    let image = match store.image(&saved.descriptor, platform) {
        Err(Error::NoPlatform { .. } | Error::Absent { .. }) => store.images(&saved.descriptor)?.into_iter().next(),
        other => Some(other?),
    };
    let image = image.ok_or(Error::Absent { object: "manifest", digest: saved.descriptor.digest })?;
    let path = |digest: &blob::Digest| format!("blobs/{}/{}", digest.algorithm().name(), digest.hex());
    Ok(Item {
        config: path(&image.config_digest),
        repo_tags: Some(saved.references.iter().filter(|name| name.tag().is_some()).map(Reference::familiar).collect()),
        layers: Some(image.layers.iter().map(|layer| path(&layer.digest)).collect()),
    })
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| Error::invalid("JSON", error))
}
