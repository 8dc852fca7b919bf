//! `file:` addresses and paths.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of a file on this machine; `None` for other addresses, such as files that were never saved.
pub(crate) fn to_path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // A host before the path is this one, or it is not ours to open.
    let path = &rest[rest.find('/')?..];
    let host = &rest[..rest.len() - path.len()];
    if !matches!(host, "" | "localhost") {
        return None;
    }
    Some(PathBuf::from(percent_decode_str(path).decode_utf8().ok()?.into_owned()))
}

/// `None` for paths that are not UTF-8, which no address can name.
pub(crate) fn of_path(path: &Path) -> Option<Uri> {
    Uri::from_str(&format!("file://{}", utf8_percent_encode(path.to_str()?, PATH))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_to_addresses_and_back() {
        for (path, uri) in [
            ("/a/.github/workflows/ci.yml", "file:///a/.github/workflows/ci.yml"),
            ("/with space/ü#1?.yml", "file:///with%20space/%C3%BC%231%3F.yml"),
        ] {
            let made = of_path(Path::new(path)).unwrap();
            assert_eq!(made.as_str(), uri);
            assert_eq!(to_path(&made).unwrap(), Path::new(path));
        }
        for (uri, path) in [
            ("file://localhost/a.yml", Some("/a.yml")),
            ("file://elsewhere/a.yml", None),
            ("untitled:Untitled-1", None),
        ] {
            assert_eq!(to_path(&Uri::from_str(uri).unwrap()).as_deref(), path.map(Path::new), "{uri}");
        }
    }
}
