use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use image::{Digest, Store, Unpacked};

use crate::graph::Layer;

/// Layers that are unpacked and in use. Steps share them: each layer is held once, however many steps stand on it.
#[derive(Default)]
pub(super) struct UnpackedLayers(Mutex<HashMap<Digest, Arc<Unpacked>>>);

/// The directories of a step, bottom first, in use as long as this lives.
pub(crate) struct Stack {
    lowers: Vec<PathBuf>,
    _in_use: Vec<Arc<Unpacked>>,
}

impl Stack {
    pub(crate) fn lowers(&self) -> &[PathBuf] {
        &self.lowers
    }
}

impl UnpackedLayers {
    /// Unpacks what is not unpacked yet, all of it at the same time.
    pub(super) fn stack(&self, store: &Store, layers: &[Layer]) -> image::Result<Arc<Stack>> {
        let known = |layer: &&Layer| !self.lock().contains_key(&layer.diff_id);
        let (descriptors, diff_ids): (Vec<_>, Vec<_>) =
            layers.iter().filter(known).map(|layer| (layer.descriptor.clone(), layer.diff_id)).unzip();
        // Held until each has its own place in the table.
        let together = store.unpack_layers(&descriptors, &diff_ids)?;
        for (descriptor, diff_id) in descriptors.into_iter().zip(diff_ids) {
            let one = store.unpack_layers(&[descriptor], &[diff_id])?;
            self.lock().entry(diff_id).or_insert_with(|| Arc::new(one));
        }
        drop(together);
        let table = self.lock();
        let in_use: Vec<Arc<Unpacked>> =
            layers.iter().filter_map(|layer| table.get(&layer.diff_id).map(Arc::clone)).collect();
        let lowers = in_use.iter().flat_map(|unpacked| unpacked.lowers()).map(|path| Path::to_owned(path)).collect();
        Ok(Arc::new(Stack { lowers, _in_use: in_use }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Unpacked>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
