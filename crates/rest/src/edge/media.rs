use axum::http::StatusCode;

use crate::Problem;

/// What the client wants, by its `Accept` header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    #[default]
    Json,
    Raw,
    Diff,
    Patch,
    Html,
    Sha,
    /// `application/octet-stream`: the thing itself.
    Bytes,
    /// `star+json`, `full+json`, … and everything else that GitHub adds to its JSON.
    Other,
}

impl Media {
    /// The first of the header's types that is known. No header, and `*/*`, is JSON.
    pub(crate) fn of(accept: Option<&str>) -> Result<Self, Problem> {
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Ok(Media::Json);
        };
        accept.split(',').find_map(|one| one_of(one.split(';').next().unwrap_or_default().trim())).ok_or_else(|| {
            Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported 'Accept' header: must accept 'application/json' or 'application/vnd.github+json'",
            )
        })
    }
}

fn one_of(text: &str) -> Option<Media> {
    let text = text.to_ascii_lowercase();
    if let Some(rest) = text.strip_prefix("application/vnd.github") {
        // `.v3.raw+json`, `.raw`, `+json`
        let rest = rest.trim_start_matches('.').split('+').next().unwrap_or_default();
        let rest = rest.strip_prefix("v3").unwrap_or(rest).trim_start_matches('.');
        return Some(match rest {
            "" => Media::Json,
            "raw" => Media::Raw,
            "diff" => Media::Diff,
            "patch" => Media::Patch,
            "html" => Media::Html,
            "sha" => Media::Sha,
            _ => Media::Other,
        });
    }
    match text.as_str() {
        "*/*" | "application/*" | "application/json" | "text/json" => Some(Media::Json),
        "application/octet-stream" => Some(Media::Bytes),
        "text/html" => Some(Media::Json),
        "text/plain" | "text/*" | "application/zip" | "application/xhtml+xml" => Some(Media::Json),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let table = [
            (None, Some(Media::Json)),
            (Some("*/*"), Some(Media::Json)),
            (Some("application/vnd.github+json"), Some(Media::Json)),
            (Some("application/vnd.github.v3+json"), Some(Media::Json)),
            (Some("application/vnd.github.v3.diff; charset=utf-8"), Some(Media::Diff)),
            (Some("application/vnd.github.raw+json"), Some(Media::Raw)),
            (
                Some("application/vnd.github.merge-info-preview+json, application/vnd.github.nebula-preview"),
                Some(Media::Other),
            ),
            (Some("image/png, application/octet-stream"), Some(Media::Bytes)),
            (Some("image/png"), None),
        ];
        for (accept, expected) in table {
            assert_eq!(Media::of(accept).ok(), expected, "{accept:?}");
        }
    }
}
