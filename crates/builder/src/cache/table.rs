use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::graph::Layer;
use crate::keys::Key;
use crate::results::Record;

/// The configuration of the artifact that a cache is.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.trunkline.build.cache.config.v1+json";
pub(crate) const ARTIFACT_TYPE: &str = "application/vnd.trunkline.build.cache.v1";
/// The field of an image's configuration that holds the table of a cache inside.
pub(crate) const INLINE: &str = "trunkline.build.cache.v1";

/// Larger tables are not read.
pub(crate) const LARGEST: u64 = 32 << 20;

/// Results by key: each a list of places in `layers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) layers: Vec<Layer>,
    records: BTreeMap<Key, Vec<usize>>,
}

impl Table {
    /// Of these results, in an order that depends on nothing else.
    pub(crate) fn of(mut records: Vec<(Key, Record)>) -> Self {
        records.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut table = Self::default();
        let mut places: HashMap<image::Digest, usize> = HashMap::new();
        for (key, record) in records {
            let mut places_of = Vec::with_capacity(record.layers.len());
            for layer in record.layers {
                let place = *places.entry(layer.descriptor.digest).or_insert_with(|| {
                    table.layers.push(layer);
                    table.layers.len() - 1
                });
                places_of.push(place);
            }
            table.records.insert(key, places_of);
        }
        table
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let table: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        table.checked()
    }

    /// The table, if all places are there and all keys are keys.
    pub(crate) fn checked(self) -> Result<Self, String> {
        let good = |(key, places): (&Key, &Vec<usize>)| {
            key.len() == 64
                && key.bytes().all(|byte| byte.is_ascii_hexdigit())
                && places.iter().all(|place| *place < self.layers.len())
        };
        if self.records.iter().all(good) { Ok(self) } else { Err("its table is damaged".to_owned()) }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn records(&self) -> HashMap<Key, Record> {
        let record = |places: &Vec<usize>| Record {
            layers: places.iter().filter_map(|place| self.layers.get(*place).cloned()).collect(),
        };
        self.records.iter().map(|(key, places)| (key.clone(), record(places))).collect()
    }
}

#[cfg(test)]
mod tests {
    use image::{Descriptor, Digest};

    use super::*;

    fn layer(text: &str) -> Layer {
        Layer { descriptor: Descriptor::of("x", text.as_bytes()), diff_id: Digest::of(text.as_bytes()) }
    }

    #[test]
    fn tables_say_the_same_whatever_the_order() {
        let key = |text: &str| hex::encode([text.as_bytes()[0]; 32]);
        let records = vec![
            (key("b"), Record { layers: vec![layer("one"), layer("two")] }),
            (key("a"), Record { layers: vec![layer("one")] }),
        ];
        let table = Table::of(records.clone());
        assert_eq!(table, Table::of(records.iter().cloned().rev().collect()));
        assert_eq!(table.layers.len(), 2);
        let again = Table::parse(&table.to_bytes()).unwrap();
        assert_eq!(again.records(), records.into_iter().collect());
    }

    #[test]
    fn damaged_tables_are_refused() {
        for text in [
            r#"{"layers":[],"records":{"00":[]}}"#,
            "{}",
            "[]",
            &format!(r#"{{"layers":[],"records":{{"{}":[0]}}}}"#, "0".repeat(64)),
        ] {
            assert!(Table::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
