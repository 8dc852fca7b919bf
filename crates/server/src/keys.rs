//! Keys that all servers of one database share: made once, kept in envelopes.

use identity::{Aad, Identity};

use crate::ServerError;

const ISSUER: &str = "issuer";

/// The key that signs the tokens with which jobs reach artifacts and caches.
pub(crate) async fn services(identity: &Identity) -> Result<Vec<u8>, ServerError> {
    shared(identity, "services", random).await
}

/// The key of identity tokens, as PEM. The first time it takes a second to make, and a thread that may block.
pub(crate) async fn issuer(identity: &Identity) -> Result<String, ServerError> {
    let known = store::server_keys::find(&mut identity.store().read(), ISSUER).await?;
    let fresh = match known {
        Some(_) => String::new(),
        None => {
            let made = tokio::task::spawn_blocking(::services::backend::IssuerKey::fresh).await;
            made.map_err(|error| ServerError::Other(error.to_string()))?
                .map_err(|error| ServerError::Other(error.to_string()))?
        }
    };
    let pem = shared(identity, ISSUER, || fresh.into_bytes()).await?;
    String::from_utf8(pem).map_err(|_| ServerError::Other("the key of identity tokens is damaged".to_owned()))
}

/// The key of this name; `make` makes it the first time.
pub(crate) async fn shared(
    identity: &Identity,
    name: &str,
    make: impl FnOnce() -> Vec<u8>,
) -> Result<Vec<u8>, ServerError> {
    let aad = Aad::new(&["server_keys", name]);
    let known = store::server_keys::find(&mut identity.store().read(), name).await?;
    let sealed = match known {
        Some(sealed) => sealed,
        None => {
            let fresh = identity.seal(&make(), &aad)?;
            let mut tx = identity.store().begin().await?;
            let kept = store::server_keys::keep(&mut tx, name, &fresh).await?;
            tx.commit().await?;
            kept
        }
    };
    Ok(identity.open(&sealed, &aad)?.to_vec())
}

/// 64 bytes, of which 488 bits are random.
fn random() -> Vec<u8> {
    std::iter::repeat_with(uuid::Uuid::new_v4).take(4).flat_map(uuid::Uuid::into_bytes).collect()
}
