//! Results of steps by key: in the store, and those that caches elsewhere tell of.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use image::Store;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::graph::Layer;
use crate::keys::Key;

/// How pins of results are called in the store.
const KIND: &str = "build";

/// What a step gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) layers: Vec<Layer>,
}

/// The index of results.
pub(crate) struct Results {
    store: Store,
    /// From caches elsewhere: their blobs are fetched when they are needed.
    imported: Mutex<HashMap<Key, Record>>,
    /// Of this very build: they count even where earlier ones do not.
    own: Mutex<HashMap<Key, Record>>,
}

impl Results {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, imported: Mutex::default(), own: Mutex::default() }
    }

    pub(crate) fn import(&self, records: HashMap<Key, Record>) {
        self.imported.lock().unwrap_or_else(PoisonError::into_inner).extend(records);
    }

    /// Looks a key up. `fresh`: only what this build made counts. Blocks shortly.
    pub(crate) fn find(&self, key: &Key, fresh: bool) -> Option<Record> {
        if let Some(record) = self.own.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Some(record.clone());
        }
        if fresh {
            return None;
        }
        if let Ok(Some(record)) = self.store.pinned::<Record>(KIND, key) {
            return Some(record);
        }
        self.imported.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Remembers a result whose blobs are in the store.
    pub(crate) fn keep(&self, key: &Key, record: &Record) -> Result<(), Error> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), record.clone());
        let blobs: Vec<_> = record.layers.iter().map(|layer| layer.descriptor.digest).collect();
        if !blobs.iter().all(|digest| self.store.blobs().contains(digest)) {
            return Ok(());
        }
        let diff_ids: Vec<_> = record.layers.iter().map(|layer| layer.diff_id).collect();
        self.store.pin(KIND, key, record, &blobs, &diff_ids).map_err(|error| Error::Io {
            what: "remembering the result of a step".to_owned(),
            source: std::io::Error::other(error),
        })
    }
}
