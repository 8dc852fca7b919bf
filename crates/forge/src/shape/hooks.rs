use serde_json::{Value, json};
use store::hooks::{Delivery, Hook};

use super::Urls;
use super::times::{at, maybe};
use crate::hooks::HookOwner;

/// A webhook. Its secret is only ever shown as stars.
#[must_use]
pub fn hook(urls: &Urls, owner: HookOwner<'_>, hook: &Hook) -> Value {
    let (kind, base) = match owner {
        HookOwner::Repository(repository) => ("Repository", urls.repo(&repository.full_name())),
        HookOwner::Organization(organization) => ("Organization", format!("{}/orgs/{}", urls.api, organization.login)),
    };
    let api = format!("{base}/hooks/{}", hook.id);
    let mut config = json!({
        "url": hook.url,
        "content_type": hook.content_type,
        "insecure_ssl": if hook.insecure_ssl { "1" } else { "0" },
    });
    if hook.secret_sealed.is_some() {
        config["secret"] = "********".into();
    }
    json!({
        "type": kind,
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config,
        "updated_at": at(hook.updated_at),
        "created_at": at(hook.created_at),
        "url": api,
        "test_url": format!("{api}/test"),
        "ping_url": format!("{api}/pings"),
        "deliveries_url": format!("{api}/deliveries"),
        "last_response": hook.last_response,
    })
}

/// A delivery; `full` with what was sent and answered.
#[must_use]
pub fn delivery(delivery: &Delivery, url: &str, full: bool) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "seconds for people")]
    let seconds = delivery.duration as f64 / 1_000_000.0;
    let mut shape = json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": maybe(delivery.delivered_at.or(Some(delivery.created_at))),
        "redelivery": delivery.redelivery,
        "duration": seconds,
        "status": delivery.status,
        "status_code": delivery.status_code.unwrap_or_default(),
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": null,
        "repository_id": delivery.repo_id,
        "throttled_at": null,
        "state": delivery.state,
        "attempts": delivery.attempts,
    });
    if full {
        let payload: Value = serde_json::from_str(&delivery.payload).unwrap_or_default();
        shape["url"] = url.into();
        shape["request"] = json!({ "headers": delivery.request_headers, "payload": payload });
        shape["response"] = json!({ "headers": delivery.response_headers, "payload": delivery.response_body });
    }
    shape
}
