//! Webhooks of connected repositories: signed ones are written down and answered; forged ones are refused and audited.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use identity::Caller;

use super::Provider;
use crate::hooks::verify_signature;
use crate::{Error, Forge, Result};

/// GitHub sends no more.
const LARGEST: usize = 25 << 20;
const NOT_SIGNED: &str = "it is not signed as webhooks of a connection are";

/// Answers 202 once the webhook is in the database: it is worked off afterwards, and survives everything.
pub(crate) async fn receive(
    State(forge): State<Forge>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match forge.receive(id, &headers, body).await {
        Ok(()) => (StatusCode::ACCEPTED, "taken\n").into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let text =
                if status.is_server_error() { "the server made a mistake".to_owned() } else { error.to_string() };
            (status, format!("{text}\n")).into_response()
        }
    }
}

impl Forge {
    async fn receive(&self, id: i64, headers: &HeaderMap, body: Body) -> Result<()> {
        let refusal = |reason: &str| Error::Forbidden(format!("the webhook was refused: {reason}"));
        let connection = store::connections::by_id(&mut self.store().read(), id).await?;
        // Whether there is such a connection is nobody's business who cannot sign for it.
        let connection = connection.ok_or_else(|| refusal(NOT_SIGNED))?;
        let (event, signatures) = Provider::parse(&connection.provider)?.headers();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // Without a signature its 25 MB are not even read.
        let body = if signatures.iter().any(|name| text(name).is_some()) { read(body).await? } else { Vec::new() };
        let secret = self.connection_secret(&connection)?;
        let signed = signatures.iter().find_map(|name| text(name));
        if !signed.is_some_and(|signature| verify_signature(&secret, &body, signature)) {
            let reason = if signed.is_some() { "its signature is wrong" } else { "it is not signed" };
            self.identity().refused(
                &Caller::Anonymous,
                "connection.hook",
                Some(connection.repo_id),
                &connection.remote,
                reason,
            );
            return Err(refusal(NOT_SIGNED));
        }
        let event = text(event).ok_or_else(|| Error::missing("Webhook", "event"))?;
        // The number of a delivery is not signed: only the same content is the same delivery, and comes once.
        let guid = crate::hooks::signature(&secret, &body);
        let payload = payload(text("content-type"), &body)?;
        let mut tx = self.store().begin().await?;
        store::connections::receive(&mut tx, id, &guid, event, &payload).await?;
        tx.wake(store::Topic::Deliveries);
        tx.commit().await?;
        Ok(())
    }
}

async fn read(body: Body) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Error::Remote(format!("the request broke off: {error}")))?;
        if all.len() + chunk.len() > LARGEST {
            return Err(Error::TooLarge("a webhook has 25 MB at most".to_owned()));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

/// The JSON, which forms have behind `payload=`.
fn payload(content_type: Option<&str>, body: &[u8]) -> Result<String> {
    let text = String::from_utf8_lossy(body).into_owned();
    let text = match content_type {
        Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => {
            let field = text.split('&').find_map(|pair| pair.strip_prefix("payload=")).unwrap_or_default();
            percent_encoding::percent_decode_str(&field.replace('+', " ")).decode_utf8_lossy().into_owned()
        }
        _ => text,
    };
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Error::invalid("Webhook", "payload", error.to_string()))?;
    Ok(value.to_string())
}
