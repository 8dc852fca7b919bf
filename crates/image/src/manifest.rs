//! Manifests and indexes of OCI and of Docker's schema 2. Their bytes are kept as they came: only those have the digest.

use std::collections::BTreeMap;

use blob::Digest;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::media_type;
use crate::platform::Platform;

/// Larger manifests and indexes are not read; registries refuse them too.
pub(crate) const LARGEST: u64 = 4 << 20;

/// More layers than any kernel can stack.
const MOST_LAYERS: usize = 500;

/// What a blob is, how large it is and what its digest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    pub digest: Digest,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Base64 of the content itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Descriptor {
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            data: None,
            platform: None,
            artifact_type: None,
        }
    }

    /// Of these bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }
}

/// One image: its configuration and its layers, bottom first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    pub config: Descriptor,
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// A manifest of OCI.
    pub fn oci(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media_type::OCI_MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The bytes that are stored: JSON without blanks, the same for the same manifest.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Several images of one name, one for each platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    pub schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    pub manifests: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// An index of OCI.
    pub fn oci(manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media_type::OCI_INDEX.to_owned()),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The bytes that are stored: JSON without blanks, the same for the same index.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The images among the entries, by position: what is not an attestation or some other artifact.
    pub fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|entry| {
            !entry.annotations.contains_key("vnd.docker.reference.type")
                && entry.platform.as_ref().is_none_or(|platform| platform.os != "unknown")
        })
    }

    /// The best entry for a platform among those that `usable` accepts. Entries that name no platform are taken when they
    /// are the only ones.
    pub fn choose(&self, wanted: &Platform, usable: impl Fn(&Descriptor) -> bool) -> Option<&Descriptor> {
        let usable: Vec<&Descriptor> = self.images().filter(|entry| usable(entry)).collect();
        let named: Vec<&Descriptor> = usable.iter().copied().filter(|entry| entry.platform.is_some()).collect();
        match wanted.choose(named.iter().filter_map(|entry| entry.platform.as_ref())) {
            Some(index) => named.get(index).copied(),
            None if named.is_empty() => usable.first().copied(),
            None => None,
        }
    }

    /// The platforms of the images, for messages.
    pub fn platforms(&self) -> Vec<String> {
        self.images().filter_map(|entry| Some(entry.platform.as_ref()?.to_string())).collect()
    }
}

/// What a manifest's bytes turn out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Document {
    Manifest(Manifest),
    Index(Index),
}

/// As much of a document as tells what it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    schema_version: Option<u32>,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    config: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    layers: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "fsLayers")]
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl Document {
    /// Reads a manifest or an index. `expected` is the media type that its descriptor or a header gave, or empty.
    ///
    /// # Errors
    ///
    /// When it is neither, is both (the OCI specification forbids that: clients could disagree about what it is), when what
    /// it says of itself differs from `expected`, or when it is too large.
    pub fn parse(digest: &Digest, expected: &str, bytes: &[u8]) -> Result<Self> {
        read(expected, bytes).map_err(|reason| Error::invalid(format!("manifest {digest}"), reason))
    }

    /// The media type: what the document says, else what its form means.
    pub fn media_type(&self) -> &str {
        match self {
            Self::Manifest(manifest) => manifest.media_type.as_deref().unwrap_or(media_type::OCI_MANIFEST),
            Self::Index(index) => index.media_type.as_deref().unwrap_or(media_type::OCI_INDEX),
        }
    }
}

fn read(expected: &str, bytes: &[u8]) -> Result<Document, String> {
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it has {} bytes, more than {LARGEST}", bytes.len()));
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON of a manifest: {error}"))?;
    if head.schema_version == Some(1) || head.fs_layers.is_some() {
        return Err(
            "it has schema version 1, which registries gave up in 2019: push the image again with a newer client"
                .into(),
        );
    }
    if head.schema_version != Some(2) {
        return Err("it has no schemaVersion 2".into());
    }
    let expected = media_type::essence(expected);
    let said = head.media_type.as_deref().map(media_type::essence).filter(|said| !said.is_empty());
    if let Some(said) = said
        && !media_type::is_index(said)
        && !media_type::is_manifest(said)
    {
        return Err(format!("its media type is {}, which is no manifest or index", said.escape_debug()));
    }
    let known = media_type::MANIFESTS.contains(&expected);
    if let Some(said) = said
        && known
        && said != expected
    {
        return Err(format!("it says that it is {said}, but was given as {expected}"));
    }
    let is_index = match said.or(Some(expected).filter(|_| known)) {
        Some(media_type) => media_type::is_index(media_type),
        None => head.manifests.is_some(),
    };
    let both = head.manifests.is_some() && (head.config.is_some() || head.layers.is_some());
    if both {
        return Err("it is a manifest and an index at once".into());
    }
    if is_index {
        let index: Index = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        return Ok(Document::Index(index));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if manifest.layers.len() > MOST_LAYERS {
        return Err(format!("it has {} layers, more than {MOST_LAYERS}", manifest.layers.len()));
    }
    Ok(Document::Manifest(manifest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(expected: &str, text: &str) -> String {
        let text = text.replace("CONFIG", &format!(r#"{{"mediaType":"c","digest":"{EMPTY}","size":0}}"#));
        match Document::parse(&Digest::of(b""), expected, text.as_bytes()) {
            Ok(document @ Document::Manifest(_)) => format!("manifest {}", document.media_type()),
            Ok(document @ Document::Index(_)) => format!("index {}", document.media_type()),
            Err(error) => error.to_string().replace(EMPTY, "X"),
        }
    }

    #[test]
    fn documents_are_told_apart() {
        let cases = [
            ("", r#"{"schemaVersion":2,"config":CONFIG,"layers":[]}"#),
            ("", r#"{"schemaVersion":2,"manifests":[]}"#),
            (media_type::DOCKER_INDEX, r#"{"schemaVersion":2,"manifests":[]}"#),
            (media_type::OCI_INDEX, r#"{"schemaVersion":2,"config":CONFIG,"layers":[]}"#),
            (
                media_type::OCI_MANIFEST,
                r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":CONFIG}"#,
            ),
            ("", r#"{"schemaVersion":2,"config":CONFIG,"layers":[],"manifests":[]}"#),
            ("", r#"{"schemaVersion":2,"mediaType":"text/plain"}"#),
            ("", r#"{"schemaVersion":1,"fsLayers":[]}"#),
            ("", r#"{"schemaVersion":2,"config":{"mediaType":"c","digest":"sha256:12","size":0}}"#),
            ("", r#"{"schemaVersion":2,"config":{"mediaType":"c","digest":"DIGEST","size":-1}}"#),
            ("", "{}"),
            ("", "<html>"),
        ];
        let answers: Vec<String> =
            cases.iter().map(|(expected, text)| parse(expected, &text.replace("DIGEST", EMPTY))).collect();
        insta::assert_snapshot!(answers.join("\n"), @r#"
        manifest application/vnd.oci.image.manifest.v1+json
        index application/vnd.oci.image.index.v1+json
        index application/vnd.oci.image.index.v1+json
        manifest X is invalid: missing field `manifests` at line 1 column 150
        manifest X is invalid: it says that it is application/vnd.docker.distribution.manifest.v2+json, but was given as application/vnd.oci.image.manifest.v1+json
        manifest X is invalid: it is a manifest and an index at once
        manifest X is invalid: its media type is text/plain, which is no manifest or index
        manifest X is invalid: it has schema version 1, which registries gave up in 2019: push the image again with a newer client
        manifest X is invalid: `sha256:12` is no digest: expected 64 lower-case hex digits after `sha256:` at line 1 column 65
        manifest X is invalid: invalid value: integer `-1`, expected u64 at line 1 column 137
        manifest X is invalid: it has no schemaVersion 2
        manifest X is invalid: it is not JSON of a manifest: expected value at line 1 column 1
        "#);
    }

    #[test]
    fn attestations_are_no_images() {
        let entry = |os: &str, kind: Option<&str>| {
            let mut entry = Descriptor::of(media_type::OCI_MANIFEST, os.as_bytes());
            entry.platform = Some(Platform::new(os, "amd64", None));
            entry.annotations =
                kind.map(|kind| ("vnd.docker.reference.type".to_owned(), kind.to_owned())).into_iter().collect();
            entry
        };
        let index = Index::oci(vec![
            entry("linux", Some("attestation-manifest")),
            entry("unknown", None),
            entry("linux", None),
        ]);
        let wanted = Platform::new("linux", "amd64", None);
        assert_eq!(index.choose(&wanted, |_| true), index.manifests.last());
        assert_eq!(index.platforms(), ["linux/amd64"]);
        assert_eq!(index.choose(&Platform::new("linux", "s390x", None), |_| true), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, text in r#"\{("(schemaVersion|mediaType|config|layers|manifests)":(2|"x"|\[\]|\{\}|null),?){0,4}\}"#) {
            let _ = Document::parse(&Digest::of(b""), "", &bytes);
            let _ = Document::parse(&Digest::of(b""), media_type::OCI_INDEX, text.as_bytes());
        }
    }
}
