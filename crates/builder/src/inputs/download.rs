//! Files from the web: remote contexts and `ADD`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::Error;

/// A file that was fetched.
#[derive(Debug, Clone)]
pub(crate) struct Downloaded {
    /// Where it lies, under the name it has in the URL.
    pub(crate) path: PathBuf,
    /// SHA-256 of its content.
    pub(crate) digest: [u8; 32],
}

const PATIENCE: Duration = Duration::from_secs(60);
const LARGEST: u64 = 64 << 30;

/// The last part of a URL's path; what BuildKit calls a file without one.
pub(crate) fn file_name_of(url: &str) -> String {
    let path = reqwest::Url::parse(url).ok().map(|url| url.path().to_owned()).unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if name.is_empty() || name == "." || name == ".." { "__unnamed__".to_owned() } else { name.to_owned() }
}

/// Fetches a URL into a directory. `progress` is told how many bytes came of how many.
pub(crate) async fn download(
    url: &str,
    directory: &Path,
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Downloaded, Error> {
    let failed = |why: String| Error::context(shown(url), why);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let answer = client.get(url).send().await.map_err(|error| failed(chain(error)))?;
    if !answer.status().is_success() {
        return Err(failed(format!("the server answered {}", answer.status())));
    }
    let total = answer.content_length();
    let path = directory.join(file_name_of(url));
    let write = |error: std::io::Error| Error::Io { what: format!("writing {}", path.display()), source: error };
    let mut file = tokio::fs::File::create(&path).await.map_err(write)?;
    let (mut hasher, mut size) = (Sha256::new(), 0_u64);
    let mut answer = answer;
    while let Some(chunk) = answer.chunk().await.map_err(|error| failed(chain(error)))? {
        hasher.update(&chunk);
        size += chunk.len() as u64;
        if size > LARGEST {
            return Err(failed(format!("it has more than {LARGEST} bytes")));
        }
        file.write_all(&chunk).await.map_err(write)?;
        progress(size, total);
    }
    file.flush().await.map_err(write)?;
    Ok(Downloaded { path, digest: hasher.finalize().into() })
}

/// A URL without the user and password in it.
pub(crate) fn shown(url: &str) -> String {
    let Ok(mut parsed) = reqwest::Url::parse(url) else { return url.to_owned() };
    if parsed.username().is_empty() && parsed.password().is_none() {
        return url.to_owned();
    }
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.to_string()
}

fn chain(error: reqwest::Error) -> String {
    use std::error::Error as _;
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_urls() {
        for (url, name) in [
            ("https://example.org/a/b.tar.gz?x=1", "b.tar.gz"),
            ("https://example.org/a/", "a"),
            ("https://example.org/", "__unnamed__"),
            ("https://example.org", "__unnamed__"),
        ] {
            assert_eq!(file_name_of(url), name, "{url}");
        }
        assert_eq!(shown("https://u:p@example.org/a"), "https://example.org/a");
    }
}
