//! From events to deliveries, exactly once.

use store::events::Event;
use store::hooks::progress;
use store::{Query as _, args};

use super::wants;
use crate::{Forge, Result};

/// Events that are given to hooks in one transaction.
const AT_ONCE: i64 = 100;
/// With more tags than these in one push, nobody is told of them, as on GitHub.
const MOST_TAGS: usize = 3;

impl Forge {
    /// Gives new events to the hooks that want them; how many events there were.
    ///
    /// Numbers of events are given out before their transactions are committed: on PostgreSQL a smaller one may appear after a
    /// larger one. An event that is younger than a few seconds is therefore waited for only while there is a gap before it.
    pub async fn fan_out(&self) -> Result<usize> {
        // Reading first: a transaction would make everybody wait for nothing.
        if !store::hooks::any(&mut self.store().read()).await? {
            return Ok(0);
        }
        let mut tx = self.store().begin().await?;
        let mut done = progress(&mut tx).await?;
        let sql = format!("SELECT {} FROM events WHERE id > $1 ORDER BY id LIMIT $2", Event::COLUMNS);
        let events: Vec<Event> = tx.fetch_all(sql, args![done, AT_ONCE]).await?;
        let settled = self.store().now() - 5_000_000;
        let mut count = 0;
        for event in &events {
            let gap = event.id != done + 1;
            if gap && event.created_at > settled && tx.store().backend() == store::Backend::Postgres {
                break;
            }
            self.give(&mut tx, event).await?;
            done = event.id;
            count += 1;
        }
        if count > 0 {
            store::hooks::set_progress(&mut tx, done).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    async fn give(&self, tx: &mut store::Tx, event: &Event) -> Result<()> {
        // Webhooks hear of it as `pull_request`.
        if event.name == "pull_request_target" {
            return Ok(());
        }
        let is_tag =
            event.git_ref.starts_with("refs/tags/") && matches!(event.name.as_str(), "push" | "create" | "delete");
        if is_tag && event.facts().tags_at_once > MOST_TAGS {
            return Ok(());
        }
        let sql = "SELECT owner_id FROM repositories WHERE id = $1";
        let Some(owner) = tx.fetch_optional::<i64>(sql, args![event.repo_id]).await? else { return Ok(()) };
        let hooks = store::hooks::for_event(tx, event.repo_id, owner).await?;
        let hooks: Vec<_> =
            hooks.into_iter().filter(|hook| wants(hook, &event.name) && hook.created_at <= event.created_at).collect();
        if hooks.is_empty() {
            return Ok(());
        }
        let payload = event.payload.to_string();
        for hook in hooks {
            self.queue(tx, &hook, &event.name, event.action.as_deref(), Some(event.repo_id), &payload, None).await?;
        }
        Ok(())
    }
}
