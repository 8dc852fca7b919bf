use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::image::Image;
use crate::layer::{self, Decompressor, LayerError};
use crate::manifest::Descriptor;
use crate::store::Store;
use crate::tar::{Kind, Member, Reader, Writer};

/// What an upper layer takes away from those below it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hides {
    /// Everything inside: the place is opaque, or no directory.
    Inside,
    /// The place itself, too.
    All,
}

/// Which member of which layer is seen at a path.
#[derive(Default)]
struct View {
    /// The layer, and the number of the member in it.
    seen: HashMap<Vec<u8>, (usize, usize)>,
    hidden: HashMap<Vec<u8>, Hides>,
    directories: BTreeMap<Vec<u8>, Member>,
    /// For each layer, the names of each file that has several: the one with the content first.
    links: Vec<HashMap<Vec<u8>, Vec<Vec<u8>>>>,
}

/// Writes what a container of the image would see as one tar archive: directories first, then everything else. Works from the
/// layers themselves, so that owners and devices are right whoever exports.
pub fn export<W: Write>(store: &Store, image: &Image, output: W) -> Result<W> {
    let mut view = View { links: vec![HashMap::new(); image.layers.len()], ..View::default() };
    for (number, layer) in image.layers.iter().enumerate().rev() {
        view.add(store, number, layer)?;
    }
    let mut writer = Writer::new(output);
    let failed = |source| Error::io("write", Path::new("the archive"))(source);
    for member in view.directories.values() {
        writer.append(member, &mut std::io::empty()).map_err(failed)?;
    }
    for (number, layer) in image.layers.iter().enumerate() {
        view.write(store, number, layer, &mut writer)?;
    }
    writer.finish().map_err(failed)
}

impl View {
    /// Takes note of a layer; those above it come first.
    fn add(&mut self, store: &Store, number: usize, layer: &Descriptor) -> Result<()> {
        let mut hidden = Vec::new();
        let mut roots: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        each(store, layer, |index, path, member, _| {
            let (parent, name) = layer::split(&path);
            if name == layer::OPAQUE {
                hidden.push((parent.to_vec(), Hides::Inside));
            } else if name.starts_with(layer::AUFS) {
            } else if let Some(gone) = name.strip_prefix(layer::WHITEOUT) {
                let gone = if parent.is_empty() { gone.to_vec() } else { [parent, b"/", gone].concat() };
                hidden.push((gone, Hides::All));
            } else if !path.is_empty() && self.shows(&path, number) {
                if member.kind == Kind::Directory {
                    let member = Member { path: path.clone(), ..member };
                    self.directories.insert(path.clone(), member);
                } else {
                    self.directories.remove(&path);
                    hidden.push((path.clone(), Hides::Inside));
                    if member.kind == Kind::HardLink {
                        let target = clean(&member.link);
                        let root = roots.get(&target).cloned().unwrap_or(target);
                        roots.insert(path.clone(), root.clone());
                        if let Some(links) = self.links.get_mut(number) {
                            links.entry(root).or_default().push(path.clone());
                        }
                    }
                }
                self.seen.insert(path, (number, index));
            }
            Ok(())
        })?;
        // Only for the layers below: what this layer has itself is not hidden by it.
        for (path, hides) in hidden {
            let known = self.hidden.entry(path).or_insert(hides);
            if hides == Hides::All {
                *known = hides;
            }
        }
        Ok(())
    }

    /// Whether nothing above hides a path of this layer.
    fn shows(&self, path: &[u8], number: usize) -> bool {
        let above = self.seen.get(path).is_some_and(|(layer, _)| *layer != number);
        let mut ancestors = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| &path[..end]);
        let inside = self.hidden.contains_key(&b""[..]) || ancestors.any(|ancestor| self.hidden.contains_key(ancestor));
        !above && !inside && self.hidden.get(path) != Some(&Hides::All)
    }

    fn write<W: Write>(&self, store: &Store, number: usize, layer: &Descriptor, writer: &mut Writer<W>) -> Result<()> {
        let failed = |source| Error::io("write", Path::new("the archive"))(source);
        let is_seen = |path: &[u8], index: Option<usize>| {
            self.seen
                .get(path)
                .is_some_and(|(layer, seen)| *layer == number && index.is_none_or(|index| index == *seen))
        };
        let empty = HashMap::new();
        let links = self.links.get(number).unwrap_or(&empty);
        // The name that the content of a file is written under: its own, or that of its first link that is seen.
        let name_of = |target: &[u8]| -> Option<Vec<u8>> {
            if is_seen(target, None) {
                return Some(target.to_vec());
            }
            links.get(target)?.iter().find(|link| is_seen(link, None)).cloned()
        };
        let mut roots: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        each(store, layer, |index, path, mut member, reader| {
            match member.kind {
                Kind::Directory => {}
                Kind::HardLink => {
                    let target = clean(&member.link);
                    let root = roots.get(&target).cloned().unwrap_or(target);
                    roots.insert(path.clone(), root.clone());
                    if is_seen(&path, Some(index))
                        && let Some(name) = name_of(&root)
                        && name != path
                    {
                        (member.path, member.link) = (path, name);
                        writer.append(&member, &mut std::io::empty()).map_err(failed)?;
                    }
                }
                Kind::File if !is_seen(&path, Some(index)) => {
                    // Replaced further up, while other names of it are still seen.
                    if links.contains_key(&path)
                        && !is_seen(&path, None)
                        && let Some(name) = name_of(&path)
                    {
                        member.path = name;
                        writer.append(&member, &mut reader.content()).map_err(failed)?;
                    }
                }
                _ if is_seen(&path, Some(index)) => {
                    member.path = path;
                    writer.append(&member, &mut reader.content()).map_err(failed)?;
                }
                _ => {}
            }
            Ok(())
        })
    }
}

type Input = BufReader<Decompressor<std::fs::File>>;

/// Goes through the members of a layer, with their numbers and cleaned paths.
fn each(
    store: &Store,
    descriptor: &Descriptor,
    mut visit: impl FnMut(usize, Vec<u8>, Member, &mut Reader<Input>) -> Result<()>,
) -> Result<()> {
    let failed = |source: LayerError| Error::Layer { layer: descriptor.digest, source };
    let blob = match store.blobs().open_blob(&descriptor.digest) {
        Err(blob::Error::Missing(digest)) => return Err(Error::Absent { object: "layer", digest }),
        other => other?,
    };
    let input = Decompressor::new(blob).map_err(failed)?;
    let mut reader = Reader::new(BufReader::with_capacity(256 << 10, input));
    let (mut index, mut bytes) = (0, 0_u64);
    while let Some(member) = reader.advance().map_err(|error| failed(LayerError::from_tar(error)))? {
        let limits = store.limits();
        bytes = bytes.saturating_add(member.size);
        if index as u64 >= limits.entries {
            return Err(failed(LayerError::Limit { what: "entries", limit: limits.entries }));
        }
        if bytes > limits.bytes {
            return Err(failed(LayerError::Limit { what: "bytes", limit: limits.bytes }));
        }
        visit(index, clean(&member.path), member, &mut reader)?;
        index += 1;
    }
    Ok(())
}

/// A path without `.`, `..` and doubled slashes, that never leads out.
fn clean(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}
