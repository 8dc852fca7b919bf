//! Images in directories in OCI layout, as bases.

use std::path::Path;

use image::{Descriptor, Index, Store};

use crate::Error;

/// What an entry of an index is called.
const NAME: &str = "org.opencontainers.image.ref.name";

/// Brings a layout's images into the store and finds the one that is meant: by tag, by digest, or the only one.
pub(crate) fn import(path: &Path, selector: Option<&str>, store: &Store) -> Result<Descriptor, Error> {
    let shown = path.display().to_string();
    let failed = |why: String| Error::context(format!("oci-layout {shown}"), why);
    let file = std::fs::read(path.join("index.json")).map_err(|error| failed(format!("index.json: {error}")))?;
    let index: Index = serde_json::from_slice(&file).map_err(|error| failed(format!("index.json: {error}")))?;
    let fits = |entry: &&Descriptor| match selector {
        None => true,
        Some(wanted) => {
            let named = entry.annotations.get(NAME).is_some_and(|name| {
                name == wanted || name.rsplit_once(':').is_some_and(|(_, tag)| tag == wanted && !tag.contains('/'))
            });
            named || entry.digest.to_string() == wanted
        }
    };
    let found: Vec<&Descriptor> = index.manifests.iter().filter(fits).collect();
    let descriptor = match (found.as_slice(), selector) {
        ([one], _) => (*one).clone(),
        ([], Some(wanted)) => return Err(failed(format!("there is no {wanted} in it"))),
        ([], None) => return Err(failed("it is empty".to_owned())),
        (_, _) => return Err(failed("it holds several images; name one by its tag or digest".to_owned())),
    };
    image::archive::load_dir(store, path, None).map_err(|error| failed(error.to_string()))?;
    Ok(descriptor)
}
