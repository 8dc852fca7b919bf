use blob::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What the registry must know of a manifest: what it refers to, and what listings say of it. The bytes themselves are kept
/// as they came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    /// Config and layers.
    pub(crate) blobs: Vec<Child>,
    /// The manifests of an index.
    pub(crate) manifests: Vec<Child>,
    pub(crate) subject: Option<Digest>,
    /// As listings of referrers give it: the manifest's own, else the media type of an image's config.
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: Option<Map<String, Value>>,
}

/// Something that a manifest refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Child {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    /// Fetched from elsewhere, not from this registry.
    pub(crate) external: bool,
    /// `os/architecture`, of a manifest in an index.
    pub(crate) platform: Option<String>,
}

/// A descriptor as listings of referrers have it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referrer {
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<Map<String, Value>>,
}

/// Why a body is no manifest.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct ManifestError(pub(crate) String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    /// Of artifact manifests, which were in drafts of the specification.
    blobs: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    subject: Option<RawDescriptor>,
    annotations: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    size: u64,
    urls: Option<Vec<String>>,
    platform: Option<RawPlatform>,
}

#[derive(Deserialize)]
struct RawPlatform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

impl From<RawDescriptor> for Child {
    fn from(raw: RawDescriptor) -> Self {
        let external = raw.media_type.contains(".nondistributable.")
            || raw.media_type.contains(".rootfs.foreign.")
            || raw.urls.is_some_and(|urls| !urls.is_empty());
        let platform = raw.platform.map(|platform| format!("{}/{}", platform.os, platform.architecture));
        Self { digest: raw.digest, size: raw.size, external, platform }
    }
}

impl Manifest {
    /// Reads a manifest. `content_type` is the header of the request that brings it, without parameters.
    pub(crate) fn parse(content: &[u8], content_type: Option<&str>) -> Result<Self, ManifestError> {
        // A list would do for serde as well.
        if content.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(ManifestError("no manifest: expected a JSON object".to_owned()));
        }
        let raw: Raw =
            serde_json::from_slice(content).map_err(|error| ManifestError(format!("no manifest: {error}")))?;
        let media_type = match (content_type, raw.media_type) {
            (Some(header), Some(field)) if header != field => {
                let message = format!("the header Content-Type says {header}, the field mediaType says {field}");
                return Err(ManifestError(message));
            }
            (Some(one), _) => one.to_owned(),
            (None, Some(one)) => one,
            (None, None) if raw.manifests.is_some() => OCI_INDEX.to_owned(),
            (None, None) => OCI_MANIFEST.to_owned(),
        };
        let missing = |field: &str| ManifestError(format!("a manifest of type {media_type} has a field `{field}`"));
        if media_type != OCI_ARTIFACT && raw.schema_version != Some(2) {
            return Err(ManifestError("schemaVersion is 2 in every manifest this registry takes".to_owned()));
        }
        let (mut blobs, mut manifests, mut artifact_type) = (Vec::new(), Vec::new(), raw.artifact_type);
        match media_type.as_str() {
            OCI_MANIFEST | DOCKER_MANIFEST => {
                let config = raw.config.ok_or_else(|| missing("config"))?;
                let layers = raw.layers.ok_or_else(|| missing("layers"))?;
                artifact_type = artifact_type.filter(|own| !own.is_empty()).or_else(|| Some(config.media_type.clone()));
                blobs = std::iter::once(config).chain(layers).map(Child::from).collect();
                if raw.manifests.is_some() {
                    return Err(ManifestError("an image manifest has no field `manifests`".to_owned()));
                }
            }
            OCI_INDEX | DOCKER_LIST => {
                manifests = raw.manifests.ok_or_else(|| missing("manifests"))?.into_iter().map(Child::from).collect();
                if raw.config.is_some() || raw.layers.is_some() {
                    return Err(ManifestError("an index has no fields `config` and `layers`".to_owned()));
                }
            }
            OCI_ARTIFACT => blobs = raw.blobs.unwrap_or_default().into_iter().map(Child::from).collect(),
            other => {
                return Err(ManifestError(format!(
                    "manifests of type `{other}` are not supported: expected an OCI manifest or index, or Docker's schema 2"
                )));
            }
        }
        let subject = raw.subject.map(|subject| subject.digest);
        let artifact_type = artifact_type.filter(|artifact_type| !artifact_type.is_empty());
        Ok(Self { media_type, blobs, manifests, subject, artifact_type, annotations: raw.annotations })
    }

    pub(crate) fn is_index(media_type: &str) -> bool {
        matches!(media_type, OCI_INDEX | DOCKER_LIST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(content: &str, content_type: Option<&str>) -> String {
        Manifest::parse(content.as_bytes(), content_type).unwrap_err().0
    }

    #[test]
    fn what_is_no_manifest() {
        let digest = Digest::of(b"");
        for (content, content_type, expected) in [
            ("{", None, "no manifest: EOF while parsing an object at line 1 column 1"),
            ("[]", None, "no manifest: expected a JSON object"),
            ("{}", None, "schemaVersion is 2 in every manifest this registry takes"),
            (
                r#"{"schemaVersion":2}"#,
                Some("text/plain"),
                "manifests of type `text/plain` are not supported: expected an OCI manifest or index, or Docker's schema 2",
            ),
            (
                r#"{"schemaVersion":2}"#,
                None,
                "a manifest of type application/vnd.oci.image.manifest.v1+json has a field `config`",
            ),
            (
                r#"{"schemaVersion":2,"mediaType":"a"}"#,
                Some("b"),
                "the header Content-Type says b, the field mediaType says a",
            ),
        ] {
            assert_eq!(error(content, content_type), expected, "{content}");
        }
        let both = format!(r#"{{"schemaVersion":2,"manifests":[],"config":{{"digest":"{digest}","size":0}}}}"#);
        assert_eq!(error(&both, None), "an index has no fields `config` and `layers`");
        let negative = format!(r#"{{"schemaVersion":2,"config":{{"digest":"{digest}","size":-1}},"layers":[]}}"#);
        assert!(error(&negative, None).contains("invalid value: integer `-1`"));
    }

    #[test]
    fn the_artifact_type_of_an_image_is_that_of_its_config() {
        let digest = Digest::of(b"");
        let content = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/x","digest":"{digest}","size":0}},"layers":[
                {{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","digest":"{digest}","size":1}}]}}"#
        );
        let manifest = Manifest::parse(content.as_bytes(), None).unwrap();
        assert_eq!(manifest.artifact_type.as_deref(), Some("application/x"));
        assert_eq!(manifest.blobs.iter().map(|blob| blob.external).collect::<Vec<_>>(), [false, true]);
        let index = Manifest::parse(br#"{"schemaVersion":2,"manifests":[]}"#, None).unwrap();
        assert_eq!((index.media_type.as_str(), index.artifact_type), (OCI_INDEX, None));
    }
}
