use axum::http::Method;
use blob::Digest;
use percent_encoding::percent_decode_str;

use crate::access::{Action, Need};
use crate::name::{Repository, Target};
use crate::problem::Problem;

/// What a path means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Route {
    Base,
    Catalog,
    Tags(Repository),
    Blob(Repository, Digest),
    /// Where uploads start.
    Uploads(Repository),
    Upload(Repository, String),
    Manifest(Repository, Target),
    Referrers(Repository, Digest),
}

impl Route {
    /// From a path below `/v2`. Names of repositories have slashes in them, so the end decides.
    pub(crate) fn parse(method: &Method, path: &str) -> Result<Self, Problem> {
        let decoded =
            percent_decode_str(path).decode_utf8().map_err(|_| Problem::name_invalid("the path is no UTF-8"))?;
        let path = decoded.strip_prefix("/v2").unwrap_or(&decoded);
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let name = |segments: &[&str]| {
            segments.join("/").parse::<Repository>().map_err(|error| Problem::name_invalid(error.to_string()))
        };
        let digest = |text: &str| text.parse::<Digest>().map_err(|error| Problem::digest_invalid(error.to_string()));
        Ok(match segments.as_slice() {
            [""] => Self::Base,
            ["_catalog"] => Self::Catalog,
            [name_of @ .., "tags", "list"] => Self::Tags(name(name_of)?),
            [name_of @ .., "blobs", "uploads"] | [name_of @ .., "blobs", "uploads", ""] => {
                Self::Uploads(name(name_of)?)
            }
            [name_of @ .., "blobs", "uploads", id] => Self::Upload(name(name_of)?, (*id).to_owned()),
            [name_of @ .., "blobs", text] => Self::Blob(name(name_of)?, digest(text)?),
            [name_of @ .., "referrers", text] => Self::Referrers(name(name_of)?, digest(text)?),
            [name_of @ .., "manifests", text] if text.contains(':') => {
                Self::Manifest(name(name_of)?, Target::Digest(digest(text)?))
            }
            [name_of @ .., "manifests", text] => {
                let name = name(name_of)?;
                let tag = text.parse().map_err(|error: crate::NameError| match *method {
                    Method::PUT => Problem::manifest_invalid(error.to_string()),
                    // What can't be pushed is not there.
                    _ => Problem::manifest_unknown(text).because(error.to_string()),
                })?;
                Self::Manifest(name, Target::Tag(tag))
            }
            _ => {
                let message = "there is nothing at this path of the registry's API";
                return Err(Problem::new(axum::http::StatusCode::NOT_FOUND, "UNSUPPORTED", message));
            }
        })
    }

    pub(crate) fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Base | Self::Catalog => None,
            Self::Tags(name)
            | Self::Blob(name, _)
            | Self::Uploads(name)
            | Self::Upload(name, _)
            | Self::Manifest(name, _)
            | Self::Referrers(name, _) => Some(name),
        }
    }

    /// What a request for it needs.
    pub(crate) fn need(&self, method: &Method) -> Need {
        let Some(name) = self.repository().cloned() else {
            return if *self == Self::Catalog { Need::Catalog } else { Need::Entry };
        };
        let action = match self {
            Self::Uploads(_) | Self::Upload(..) => Action::Push,
            _ => match *method {
                Method::GET | Method::HEAD => Action::Pull,
                Method::DELETE => Action::Delete,
                _ => Action::Push,
            },
        };
        Need::Repository(name, action)
    }

    /// A name for figures.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Catalog => "catalog",
            Self::Tags(_) => "tags",
            Self::Blob(..) => "blob",
            Self::Uploads(_) | Self::Upload(..) => "upload",
            Self::Manifest(..) => "manifest",
            Self::Referrers(..) => "referrers",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths() {
        let digest = Digest::of(b"");
        let name = |text: &str| text.parse::<Repository>().unwrap();
        for (path, expected) in [
            ("/v2/".to_owned(), Route::Base),
            ("/v2/_catalog".to_owned(), Route::Catalog),
            ("/v2/a/tags/list".to_owned(), Route::Tags(name("a"))),
            ("/v2/a/b/blobs/uploads/".to_owned(), Route::Uploads(name("a/b"))),
            ("/v2/a/blobs/uploads/x-1".to_owned(), Route::Upload(name("a"), "x-1".to_owned())),
            (format!("/v2/a/blobs/{digest}"), Route::Blob(name("a"), digest)),
            (format!("/v2/a/blobs/sha256%3A{}", digest.hex()), Route::Blob(name("a"), digest)),
            (format!("/v2/tags/list/manifests/{digest}"), Route::Manifest(name("tags/list"), Target::Digest(digest))),
            (
                "/v2/blobs/uploads/manifests/v1".to_owned(),
                Route::Manifest(name("blobs/uploads"), Target::Tag("v1".parse().unwrap())),
            ),
            (format!("/v2/a/referrers/{digest}"), Route::Referrers(name("a"), digest)),
        ] {
            assert_eq!(Route::parse(&Method::GET, &path).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn wrong_paths() {
        for (path, code) in [
            ("/v2/a", "UNSUPPORTED"),
            ("/v2/A/tags/list", "NAME_INVALID"),
            ("/v2/tags/list", "NAME_INVALID"),
            ("/v2/../etc/tags/list", "NAME_INVALID"),
            ("/v2/a/blobs/sha256:x", "DIGEST_INVALID"),
            ("/v2/a/manifests/md5:00", "DIGEST_INVALID"),
            ("/v2/a/manifests/.x", "MANIFEST_UNKNOWN"),
            ("/v2/a/manifests/%ff", "NAME_INVALID"),
        ] {
            assert_eq!(Route::parse(&Method::GET, path).unwrap_err().code, code, "{path}");
        }
        assert_eq!(Route::parse(&Method::PUT, "/v2/a/manifests/.x").unwrap_err().code, "MANIFEST_INVALID");
    }

    proptest! {
        #[test]
        fn any_path_is_answered(path: String) {
            let _ = Route::parse(&Method::GET, &path);
        }
    }
}
