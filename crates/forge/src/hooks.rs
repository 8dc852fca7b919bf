//! Webhooks: who is told what, and every attempt to tell it.

mod deliver;
mod fan_out;
mod sign;

use identity::{Aad, Action, Caller};
use serde_json::{Value, json};
use store::hooks::{Delivery, Hook, NewDelivery};
use store::repositories::Repository;
use store::users::User;

use crate::{Actor, Error, Forge, Result};

pub use sign::verify_signature;
pub(crate) use sign::{old_signature, signature};

/// A webhook as it is wanted; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct PutHook {
    pub url: Option<String>,
    /// `json` or `form`
    pub content_type: Option<String>,
    /// An empty one takes the secret away.
    pub secret: Option<String>,
    pub insecure_ssl: Option<bool>,
    pub active: Option<bool>,
    pub events: Option<Vec<String>>,
}

/// Whose a webhook is.
#[derive(Clone, Copy, Debug)]
pub enum HookOwner<'a> {
    Repository(&'a Repository),
    /// Of all its repositories.
    Organization(&'a User),
}

impl<'a> From<&'a Repository> for HookOwner<'a> {
    fn from(repository: &'a Repository) -> Self {
        Self::Repository(repository)
    }
}

impl<'a> From<&'a User> for HookOwner<'a> {
    fn from(organization: &'a User) -> Self {
        Self::Organization(organization)
    }
}

impl HookOwner<'_> {
    fn repo_id(self) -> Option<i64> {
        match self {
            Self::Repository(repository) => Some(repository.id),
            Self::Organization(_) => None,
        }
    }

    fn owner_id(self) -> Option<i64> {
        match self {
            Self::Repository(_) => None,
            Self::Organization(organization) => Some(organization.id),
        }
    }

    fn action<'h>(self, name: &'h str, hook: &'h Hook) -> Action<'h> {
        match self {
            Self::Repository(repository) => Action::new(name, &hook.url).repo(repository.id),
            Self::Organization(organization) => Action::new(name, &hook.url).org(organization.id),
        }
    }
}

/// Webhooks of one repository or organisation, as on GitHub.
const MOST_HOOKS: usize = 20;

fn aad(id: i64) -> Aad {
    Aad::new(&["hooks", "secret_sealed", &id.to_string()])
}

impl Forge {
    /// Makes a webhook and sends it a ping.
    pub async fn create_hook(
        &self,
        caller: &Caller,
        actor: &Actor,
        owner: HookOwner<'_>,
        put: &PutHook,
    ) -> Result<Hook> {
        let url = put.url.as_deref().ok_or_else(|| Error::missing("Hook", "config"))?;
        self.outgoing().check_url(url)?;
        let existing = self.hooks_of(owner).await?;
        if existing.len() >= MOST_HOOKS {
            return Err(Error::invalid("Hook", "base", format!("there are {MOST_HOOKS} webhooks at most")));
        }
        let mut hook = Hook {
            id: 0,
            repo_id: owner.repo_id(),
            owner_id: owner.owner_id(),
            active: true,
            events: json!(["push"]),
            url: String::new(),
            content_type: "form".to_owned(),
            secret_sealed: None,
            insecure_ssl: false,
            last_response: json!({ "code": null, "status": "unused", "message": null }),
            created_at: 0,
            updated_at: 0,
        };
        self.apply(&mut hook, put)?;
        if existing.iter().any(|known| known.url == hook.url && known.events == hook.events) {
            return Err(Error::exists(
                "Hook",
                "base",
                match owner {
                    HookOwner::Repository(_) => "Hook already exists on this repository",
                    HookOwner::Organization(_) => "Hook already exists on this organization",
                },
            ));
        }
        let mut tx = self.store().begin().await?;
        if !store::hooks::any(&mut tx).await? {
            store::hooks::skip_to_now(&mut tx).await?;
        }
        let mut hook = store::hooks::insert(&mut tx, &hook).await?;
        if let Some(secret) = put.secret.as_deref().filter(|secret| !secret.is_empty()) {
            // The envelope opens in its own row only.
            hook.secret_sealed = Some(self.identity().seal(secret.as_bytes(), &aad(hook.id))?);
            store::hooks::update(&mut tx, &hook).await?;
        }
        self.queue_ping(&mut tx, actor, owner, &hook).await?;
        self.identity().audit(&mut tx, caller, owner.action("hook.create", &hook)).await?;
        tx.commit().await?;
        Ok(hook)
    }

    /// Changes a webhook.
    pub async fn change_hook(
        &self,
        caller: &Caller,
        owner: HookOwner<'_>,
        mut hook: Hook,
        put: &PutHook,
    ) -> Result<Hook> {
        self.apply(&mut hook, put)?;
        if let Some(secret) = &put.secret {
            hook.secret_sealed = match secret.as_str() {
                "" => None,
                secret => Some(self.identity().seal(secret.as_bytes(), &aad(hook.id))?),
            };
        }
        let mut tx = self.store().begin().await?;
        store::hooks::update(&mut tx, &hook).await?;
        self.identity().audit(&mut tx, caller, owner.action("hook.change", &hook)).await?;
        tx.commit().await?;
        Ok(hook)
    }

    fn apply(&self, hook: &mut Hook, put: &PutHook) -> Result<()> {
        if let Some(url) = &put.url {
            self.outgoing().check_url(url)?;
            hook.url.clone_from(url);
        }
        if let Some(kind) = &put.content_type {
            if !matches!(kind.as_str(), "json" | "form") {
                return Err(Error::invalid("Hook", "content_type", format!("`{kind}` is neither json nor form")));
            }
            hook.content_type.clone_from(kind);
        }
        if let Some(events) = &put.events {
            let known = |name: &String| name == "*" || name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if events.is_empty() || events.len() > 100 || !events.iter().all(known) {
                return Err(Error::invalid("Hook", "events", "1 to 100 names of events, or `*`"));
            }
            hook.events = json!(events);
        }
        if let Some(insecure) = put.insecure_ssl {
            hook.insecure_ssl = insecure;
        }
        if let Some(active) = put.active {
            hook.active = active;
        }
        Ok(())
    }

    pub async fn delete_hook(&self, caller: &Caller, owner: HookOwner<'_>, hook: &Hook) -> Result<()> {
        let mut tx = self.store().begin().await?;
        store::hooks::delete(&mut tx, hook.id).await?;
        self.identity().audit(&mut tx, caller, owner.action("hook.delete", hook)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// All webhooks of a repository, or of an organisation.
    pub async fn hooks_of(&self, owner: HookOwner<'_>) -> Result<Vec<Hook>> {
        let mut query = self.store().read();
        Ok(match owner {
            HookOwner::Repository(repository) => store::hooks::of_repository(&mut query, repository.id).await?,
            HookOwner::Organization(organization) => store::hooks::of_owner(&mut query, organization.id).await?,
        })
    }

    /// A webhook of a repository, or of an organisation.
    pub async fn hook(&self, owner: HookOwner<'_>, id: i64) -> Result<Hook> {
        let found = store::hooks::by_id(&mut self.store().read(), id).await?;
        let own = |hook: &Hook| (hook.repo_id, hook.owner_id) == (owner.repo_id(), owner.owner_id());
        found.filter(own).ok_or_else(|| Error::not_found("the webhook"))
    }

    /// Sends a `ping`.
    pub async fn ping_hook(&self, actor: &Actor, owner: HookOwner<'_>, hook: &Hook) -> Result<()> {
        let mut tx = self.store().begin().await?;
        self.queue_ping(&mut tx, actor, owner, hook).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn queue_ping(&self, tx: &mut store::Tx, actor: &Actor, owner: HookOwner<'_>, hook: &Hook) -> Result<()> {
        let mut shape = self.shape();
        let mut payload = json!({
            "zen": "Nothing is lost.",
            "hook_id": hook.id,
            "hook": crate::shape::hook(self.urls(), owner, hook),
            "sender": shape.user(actor.account_id).await?,
        });
        match owner {
            HookOwner::Repository(repository) => payload["repository"] = shape.repository(repository).await?,
            HookOwner::Organization(organization) => payload["organization"] = shape.user(organization.id).await?,
        }
        self.queue(tx, hook, "ping", None, owner.repo_id(), &payload.to_string(), None).await
    }

    #[expect(clippy::too_many_arguments, reason = "each is a column")]
    async fn queue(
        &self,
        tx: &mut store::Tx,
        hook: &Hook,
        event: &str,
        action: Option<&str>,
        repo_id: Option<i64>,
        payload: &str,
        redelivers: Option<&str>,
    ) -> Result<()> {
        let guid = redelivers.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        let new = NewDelivery {
            hook_id: hook.id,
            guid: &guid,
            event,
            action,
            repo_id,
            redelivery: redelivers.is_some(),
            payload,
        };
        store::hooks::insert_delivery(tx, &new).await?;
        tx.wake(store::Topic::Deliveries);
        Ok(())
    }

    /// Sends a delivery's payload once more.
    pub async fn redeliver(&self, hook: &Hook, delivery: &Delivery) -> Result<()> {
        let mut tx = self.store().begin().await?;
        let (event, action) = (delivery.event.as_str(), delivery.action.as_deref());
        self.queue(&mut tx, hook, event, action, delivery.repo_id, &delivery.payload, Some(&delivery.guid)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A delivery of a webhook.
    pub async fn delivery(&self, hook: &Hook, id: i64) -> Result<Delivery> {
        let found = store::hooks::delivery(&mut self.store().read(), hook.id, id).await?;
        found.ok_or_else(|| Error::not_found("the delivery"))
    }

    pub(crate) fn hook_secret(&self, hook: &Hook) -> Result<Option<Vec<u8>>> {
        match &hook.secret_sealed {
            Some(sealed) => Ok(Some(self.identity().open(sealed, &aad(hook.id))?.to_vec())),
            None => Ok(None),
        }
    }
}

/// Whether a webhook wants an event.
pub(crate) fn wants(hook: &Hook, event: &str) -> bool {
    hook.events.as_array().into_iter().flatten().filter_map(Value::as_str).any(|name| name == "*" || name == event)
}
