//! Downloads of tools. The client is made when the first is needed: most runs need none.

use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, Response};
use sha2::{Digest, Sha256};

use super::NativeCall;
use super::error::{Fault, Result};

/// The longest list of versions that is read.
const MAX_LIST: usize = 64 << 20;

fn client() -> Result<&'static Client> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    let made = CLIENT.get_or_init(|| {
        // Somebody else may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .read_timeout(Duration::from_secs(60))
            .build()
            .map_err(|error| error.to_string())
    });
    made.as_ref().map_err(|error| Fault::Text(format!("there is no HTTP client: {error}")))
}

async fn get(call: &NativeCall, url: &str) -> Result<Response> {
    if call.place.sources.offline {
        return Err(Fault::Text(format!("{url} was not asked: offline")));
    }
    let asked = tokio::select! {
        asked = client()?.get(url).send() => asked,
        () = call.cancel.cancelled() => return Err(Fault::Cancelled),
    };
    let response = asked.map_err(|error| failed(url, error))?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(Fault::Text(format!("{url} answered {}", response.status())))
}

/// The innermost reason says the most; the rest repeats the address.
fn failed(url: &str, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    Fault::Text(format!("{url} cannot be reached: {reason}"))
}

/// A short text, such as a list of versions or checksums.
pub(crate) async fn text(call: &NativeCall, url: &str) -> Result<String> {
    let mut response = get(call, url).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunk(call, url, &mut response).await? {
        if bytes.len() + chunk.len() > MAX_LIST {
            return Err(Fault::Text(format!("{url} answers with more than {MAX_LIST} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Fault::Text(format!("{url} does not answer with text")))
}

pub(crate) async fn json<T: serde::de::DeserializeOwned>(call: &NativeCall, url: &str) -> Result<T> {
    let text = text(call, url).await?;
    serde_json::from_str(&text).map_err(|error| Fault::Text(format!("{url} answers with something else: {error}")))
}

/// Downloads to a file of this machine; returns the SHA-256 in lower-case hexadecimal.
pub(crate) async fn download(call: &NativeCall, url: &str, to: &Path) -> Result<String> {
    let mut response = get(call, url).await?;
    let mut file = std::fs::File::create_new(to).map_err(Fault::io("make", to))?;
    let mut hasher = Sha256::new();
    while let Some(chunk) = chunk(call, url, &mut response).await? {
        hasher.update(&chunk);
        file.write_all(&chunk).map_err(Fault::io("write", to))?;
    }
    Ok(hex::encode(hasher.finalize()))
}

async fn chunk(
    call: &NativeCall,
    url: &str,
    response: &mut Response,
) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]>>> {
    tokio::select! {
        chunk = response.chunk() => chunk.map_err(|error| failed(url, error)),
        () = call.cancel.cancelled() => Err(Fault::Cancelled),
    }
}
