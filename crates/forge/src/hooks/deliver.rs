//! Sending what is queued, with retries.

use std::time::Instant;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use store::hooks::{Delivery, Hook};

use super::{old_signature, signature};
use crate::outgoing::{Income, Outgo};
use crate::{Error, Forge, Result};

/// Attempts: at once, then after 10 s, 1 min, 6 min, 36 min, 3.6 h.
const ATTEMPTS: i64 = 6;
const FIRST_PAUSE: i64 = 10_000_000;
/// As long a delivery that was begun is left to whoever began it.
const CLAIM: i64 = 60_000_000;
/// Bytes of an answer that are kept.
const KEPT: usize = 64 * 1024;

impl Forge {
    /// Sends what is due; how many there were.
    pub async fn deliver(&self) -> Result<usize> {
        // Reading first: a transaction would make everybody wait for nothing.
        if !store::hooks::any_due(&mut self.store().read()).await? {
            return Ok(0);
        }
        let mut tx = self.store().begin().await?;
        let until = tx.store().now() + CLAIM;
        let claimed = store::hooks::claim_deliveries(&mut tx, 10, until).await?;
        tx.commit().await?;
        let count = claimed.len();
        let mut sending = tokio::task::JoinSet::new();
        for delivery in claimed {
            let forge = self.clone();
            sending.spawn(async move { forge.deliver_one(delivery).await });
        }
        // Each is seen to its end whatever becomes of another: what is broken off is sent again.
        let mut failed = None;
        while let Some(sent) = sending.join_next().await {
            let sent = sent.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
            failed = failed.or(sent.err());
        }
        failed.map_or(Ok(count), Err)
    }

    async fn deliver_one(&self, mut delivery: Delivery) -> Result<()> {
        let Some(hook) = store::hooks::by_id(&mut self.store().read(), delivery.hook_id).await? else { return Ok(()) };
        let begun = Instant::now();
        let (headers, body) = match self.request(&hook, &delivery) {
            Ok(request) => request,
            // The next attempt would make up no other: a secret that does not open, say.
            Err(error) => return self.give_up(&hook, delivery, &error).await,
        };
        delivery.request_headers = shown(&headers);
        let outgo = Outgo {
            method: Method::POST,
            url: hook.url.clone(),
            headers,
            body,
            insecure: hook.insecure_ssl,
            redirects: 0,
        };
        let sent = self.outgoing().send(outgo).await;
        delivery.duration = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        let now = self.store().now();
        delivery.delivered_at = Some(now);
        let good = match sent {
            Ok(Income { status, headers, body }) => {
                delivery.status_code = Some(i64::from(status.as_u16()));
                delivery.status =
                    if status.is_success() { "OK" } else { status.canonical_reason().unwrap_or("failed") }.to_owned();
                delivery.response_headers = shown(&headers);
                delivery.response_body =
                    String::from_utf8_lossy(&body[..body.len().min(KEPT)]).replace('\0', "\u{fffd}");
                status.is_success()
            }
            Err(error) => {
                delivery.status_code = None;
                delivery.status = error.to_string();
                false
            }
        };
        delivery.state = match (good, delivery.attempts < ATTEMPTS) {
            (true, _) => "delivered",
            (false, true) => "queued",
            (false, false) => "failed",
        }
        .to_owned();
        let exponent = u32::try_from(delivery.attempts - 1).unwrap_or(0);
        delivery.next_at = now + FIRST_PAUSE * 6_i64.pow(exponent.min(6));
        let last = json!({
            "code": delivery.status_code,
            "status": if good { "active" } else { "failed" },
            "message": delivery.status,
        });
        let mut tx = self.store().begin().await?;
        store::hooks::finish_delivery(&mut tx, &delivery).await?;
        store::hooks::set_last_response(&mut tx, hook.id, &last).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A delivery that cannot be made up is failed, where its people see why.
    async fn give_up(&self, hook: &Hook, mut delivery: Delivery, error: &Error) -> Result<()> {
        delivery.delivered_at = Some(self.store().now());
        delivery.status = format!("it cannot be made up: {error}");
        "failed".clone_into(&mut delivery.state);
        let last = json!({ "code": null, "status": "failed", "message": delivery.status });
        let mut tx = self.store().begin().await?;
        store::hooks::finish_delivery(&mut tx, &delivery).await?;
        store::hooks::set_last_response(&mut tx, hook.id, &last).await?;
        Ok(tx.commit().await?)
    }

    /// Headers as GitHub sends them, and the body.
    fn request(&self, hook: &Hook, delivery: &Delivery) -> Result<(HeaderMap, Bytes)> {
        let body = match hook.content_type.as_str() {
            "form" => {
                let set = percent_encoding::NON_ALPHANUMERIC;
                format!("payload={}", percent_encoding::utf8_percent_encode(&delivery.payload, set))
            }
            _ => delivery.payload.clone(),
        };
        let content_type =
            if hook.content_type == "form" { "application/x-www-form-urlencoded" } else { "application/json" };
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("accept", "*/*");
        set("content-type", content_type);
        set("user-agent", "GitHub-Hookshot/trunkline");
        set("x-github-delivery", &delivery.guid);
        set("x-github-event", &delivery.event);
        set("x-github-hook-id", &hook.id.to_string());
        set("x-github-hook-installation-target-id", &delivery.repo_id.unwrap_or_default().to_string());
        set(
            "x-github-hook-installation-target-type",
            if hook.repo_id.is_some() { "repository" } else { "organization" },
        );
        if let Some(secret) = self.hook_secret(hook)? {
            set("x-hub-signature", &old_signature(&secret, body.as_bytes()));
            set("x-hub-signature-256", &signature(&secret, body.as_bytes()));
        }
        Ok((headers, body.into()))
    }
}

fn shown(headers: &HeaderMap) -> Value {
    let mut map = Map::new();
    for (name, value) in headers {
        map.insert(name.to_string(), String::from_utf8_lossy(value.as_bytes()).replace('\0', "").into());
    }
    Value::Object(map)
}
