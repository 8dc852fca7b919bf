use std::collections::BTreeMap;

use crate::reference::Reference;

/// The whole name, as containerd and docker write it.
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// A name, or only a tag.
pub(super) const OCI_NAME: &str = "org.opencontainers.image.ref.name";

/// The name that an entry of a layout's index has. A tag alone is no name.
pub(super) fn name(annotations: &BTreeMap<String, String>) -> Option<Reference> {
    let whole = annotations.get(CONTAINERD_NAME).and_then(|text| Reference::parse(text).ok());
    let short = || annotations.get(OCI_NAME).filter(|text| text.contains([':', '/']));
    whole.or_else(|| Reference::parse(short()?).ok())
}

/// The annotations of an entry with this name.
pub(super) fn annotations(reference: &Reference) -> BTreeMap<String, String> {
    let tag = reference.tag().map_or_else(|| reference.to_string(), str::to_owned);
    BTreeMap::from([(CONTAINERD_NAME.to_owned(), reference.to_string()), (OCI_NAME.to_owned(), tag)])
}
