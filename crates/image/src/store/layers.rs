use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use blob::Digest;

use super::{Store, lock, private_dir};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::layer::{self, LayerError, Note, Privilege};
use crate::manifest::Descriptor;

/// The layers of an image as directories, in use as long as this lives: they are not removed meanwhile.
#[derive(Debug)]
pub struct Unpacked {
    lowers: Vec<PathBuf>,
    notes: Vec<Note>,
    _in_use: Vec<File>,
}

impl Unpacked {
    /// The directories, bottom first, ready to be lower directories of an overlay. They must not be written to. A layer that
    /// stands in an image several times is here once.
    pub fn lowers(&self) -> &[PathBuf] {
        &self.lowers
    }

    /// What unpacking could not keep, a note for each directory.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

impl Store {
    /// Unpacks the layers of an image that are not unpacked yet, each once for all images.
    ///
    /// # Errors
    ///
    /// When a layer is missing, is not what its digests and its size say, goes beyond [`Store::limits`], or holds something
    /// that does not belong into a layer. Nothing of that layer is kept then.
    pub fn unpack(&self, image: &Image) -> Result<Unpacked> {
        self.unpack_layers(&image.layers, &image.diff_ids)
    }

    /// The same for any stack of layers, bottom first.
    pub fn unpack_layers(&self, layers: &[Descriptor], diff_ids: &[Digest]) -> Result<Unpacked> {
        if layers.len() != diff_ids.len() {
            return Err(Error::invalid("image", format!("{} layers, {} diff ids", layers.len(), diff_ids.len())));
        }
        // The kernel takes a directory once only; what a layer has, it has all the more at its uppermost place.
        let again = |index: usize, diff_id: &Digest| diff_ids[index + 1..].contains(diff_id);
        let stack = layers.iter().zip(diff_ids).enumerate();
        let work: Vec<_> =
            stack.filter(|(index, (_, diff_id))| !again(*index, diff_id)).map(|(_, layer)| layer).collect();
        let mut done: Vec<Option<Result<(PathBuf, Note, File)>>> = work.iter().map(|_| None).collect();
        // Layers do not depend on each other: all that is written in one is hidden or shown by the overlay later.
        let workers = thread::available_parallelism().map_or(1, usize::from).min(4);
        let next = std::sync::atomic::AtomicUsize::new(0);
        let results = std::sync::Mutex::new(&mut done);
        thread::scope(|scope| {
            let work = &work;
            let run = || {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((descriptor, diff_id)) = work.get(index) else { return };
                    let result = self.unpack_layer(descriptor, diff_id);
                    let failed = result.is_err();
                    if let Ok(mut results) = results.lock()
                        && let Some(slot) = results.get_mut(index)
                    {
                        *slot = Some(result);
                    }
                    if failed {
                        next.store(work.len(), std::sync::atomic::Ordering::Relaxed);
                    }
                }
            };
            for _ in 1..workers.min(work.len()) {
                scope.spawn(run);
            }
            run();
        });
        let mut unpacked = Unpacked { lowers: Vec::new(), notes: Vec::new(), _in_use: Vec::new() };
        for result in done.into_iter().flatten() {
            let (fs, note, in_use) = result?;
            unpacked.lowers.push(fs);
            unpacked.notes.push(note);
            unpacked._in_use.push(in_use);
        }
        Ok(unpacked)
    }

    /// Where an unpacked layer is, or would be.
    pub fn layer_dir(&self, diff_id: &Digest) -> PathBuf {
        self.root().join("layers").join(self.layer_name(diff_id)).join("fs")
    }

    /// Files of a process that may not chown look different from those of one that may: they are never mixed up.
    fn layer_name(&self, diff_id: &Digest) -> String {
        let owner = if self.privilege() == Privilege::Full { "" } else { "-user" };
        format!("{}-{}{owner}", diff_id.algorithm().name(), diff_id.hex())
    }

    fn unpack_layer(&self, descriptor: &Descriptor, diff_id: &Digest) -> Result<(PathBuf, Note, File)> {
        let name = self.layer_name(diff_id);
        let (dir, lock_path) = (self.root().join("layers").join(&name), self.root().join("locks").join(&name));
        let in_use = lock::shared(&lock_path)?;
        if let Some(note) = Note::read(&dir)? {
            return Ok((dir.join("fs"), note, in_use));
        }
        // A lock of its own: waiting for the other to become free of users could take as long as a container runs.
        let unpacking = lock::exclusive(&unpacking_lock(&lock_path))?;
        if Note::read(&dir)?.is_none() {
            self.unpack_new(descriptor, diff_id, &name, &dir)?;
        }
        drop(unpacking);
        let note = Note::read(&dir)?.ok_or_else(|| Error::invalid(format!("layer {diff_id}"), "it vanished"))?;
        Ok((dir.join("fs"), note, in_use))
    }

    /// Unpacks a layer beside its place, and moves it there when it is whole and what it should be. The caller holds its locks.
    fn unpack_new(&self, descriptor: &Descriptor, diff_id: &Digest, name: &str, dir: &Path) -> Result<()> {
        let in_layer = |source: LayerError| Error::Layer { layer: descriptor.digest, source };
        let size = self.blobs().size(&descriptor.digest)?;
        let size = size.ok_or(Error::Absent { object: "layer", digest: descriptor.digest })?;
        if size != descriptor.size {
            return Err(Error::Size { digest: descriptor.digest, expected: descriptor.size, found: size });
        }
        let blob = self.blobs().open_blob(&descriptor.digest)?;
        let unfinished = self.root().join("tmp").join(name);
        layer::remove_tree(&unfinished)?;
        private_dir(&unfinished)?;
        let unpacked = layer::unpack(blob, size, diff_id, &unfinished.join("fs"), self.limits(), self.privilege());
        let moved = unpacked.map_err(in_layer).and_then(|note| {
            note.write(&unfinished)?;
            // One with a damaged note.
            layer::remove_tree(dir)?;
            fs::rename(&unfinished, dir).map_err(Error::io("rename", &unfinished))
        });
        if moved.is_err() {
            layer::remove_tree(&unfinished)?;
        }
        moved
    }

    /// The names of unpacked layers, with the digests of what they were unpacked from.
    pub(super) fn unpacked_layers(&self) -> Result<Vec<(String, Digest)>> {
        let dir = self.root().join("layers");
        let mut layers = Vec::new();
        for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
            let name = entry.map_err(Error::io("list", &dir))?.file_name();
            let Some(name) = name.to_str() else { continue };
            let text = name.strip_suffix("-user").unwrap_or(name).replacen('-', ":", 1);
            if let Ok(diff_id) = text.parse() {
                layers.push((name.to_owned(), diff_id));
            }
        }
        Ok(layers)
    }

    /// Removes an unpacked layer unless it is in use. Gives its size in bytes.
    pub(super) fn remove_layer(&self, name: &str) -> Result<Option<u64>> {
        let lock_path = self.root().join("locks").join(name);
        let Some(_lock) = lock::try_exclusive(&lock_path)? else { return Ok(None) };
        let (dir, doomed) = (self.root().join("layers").join(name), self.root().join("tmp").join(name));
        let bytes = Note::read(&dir)?.map_or(0, |note| note.bytes);
        layer::remove_tree(&doomed)?;
        // Renamed first: half a layer must never be taken for a whole one.
        if dir.exists() {
            fs::rename(&dir, &doomed).map_err(Error::io("rename", &dir))?;
            layer::remove_tree(&doomed)?;
        }
        remove_locks(&lock_path)?;
        Ok(Some(bytes))
    }

    /// Removes what killed processes were unpacking or removing.
    pub(super) fn sweep_unpacking(&self) -> Result<()> {
        let dir = self.root().join("tmp");
        for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))?.flatten() {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let lock_path = self.root().join("locks").join(&name);
            if let Some(_lock) = lock::try_exclusive(&lock_path)? {
                layer::remove_tree(&entry.path())?;
                if !self.root().join("layers").join(&name).exists() {
                    remove_locks(&lock_path)?;
                }
            }
        }
        Ok(())
    }
}

fn unpacking_lock(lock_path: &Path) -> PathBuf {
    lock_path.with_added_extension("unpacking")
}

/// Both locks of a layer. The caller holds the first exclusively; nobody takes the second without holding the first.
fn remove_locks(lock_path: &Path) -> Result<()> {
    for path in [unpacking_lock(lock_path), lock_path.to_owned()] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", &path)(error)),
            _ => {}
        }
    }
    Ok(())
}
