//! `on.schedule`: lines of the default branch, each fired at most once a minute whatever clocks and servers do.
//!
//! A line's row holds the minute it was fired last and the one that comes next. Firing takes the row, so one server does it;
//! the next minute is counted from now, so that minutes which were missed are made up for once, not one by one. A clock that
//! goes back finds the last minute in the future and waits for it.

use std::str::FromStr as _;

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::json;
use store::Tx;
use store::events::{ActorKind, Event, Facts, NewEvent};
use store::repositories::Repository;
use store::schedules::Schedule;

use crate::event::{Considered, Occasion};
use crate::settings::micros;
use crate::{Control, Result};

const MINUTE: i64 = 60_000_000;

/// A line as the files have it: path, cron, time zone.
type Line = (String, String, String);

/// What the files of a default branch say of schedules.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    due: Vec<Line>,
    /// Files with lines that never fire, and what is wrong with those.
    never: Vec<(String, String)>,
}

impl Control {
    /// The lines of the default branch, when this event moved it, or gave the repository another one.
    pub(crate) fn schedule_lines(&self, occasion: &Occasion, considered: &[Considered]) -> Option<Lines> {
        let default = format!("refs/heads/{}", occasion.repository.default_branch);
        let moved = occasion.is_of_repository() || (occasion.row.name == "push" && occasion.row.git_ref == default);
        if !moved || occasion.row.sha.is_empty() {
            return None;
        }
        let minute = self.store().now() / MINUTE;
        let mut lines = Lines::default();
        for one in considered {
            let Some(workflow) = &one.workflow else { continue };
            let mut wrong = Vec::new();
            for schedule in workflow.on.events.iter().flat_map(|event| &event.schedules) {
                let zone = schedule.timezone.as_ref().map_or("UTC", |zone| &zone.value);
                if let Some(why) = never(&schedule.cron.value, zone, minute) {
                    let place = crate::program::location(&one.sources, schedule.cron.span);
                    wrong.push(format!("{}:{}:{}: {why}", place.file, place.line, place.column));
                    continue;
                }
                lines.due.push((one.path.clone(), schedule.cron.value.to_string(), zone.to_owned()));
            }
            if !wrong.is_empty() {
                lines.never.push((one.path.clone(), wrong.join("\n")));
            }
        }
        Some(lines)
    }

    /// Takes over the lines: those that stay keep their last minute. Of those that never fire a failed check tells.
    pub(crate) async fn put_schedules(
        &self,
        tx: &mut Tx,
        row: &Event,
        repository: &Repository,
        lines: Lines,
    ) -> Result<()> {
        for (path, wrong) in &lines.never {
            let (key, name) = (format!("schedule:{}:{path}", row.id), format!("schedule of {path}"));
            let check = forge::checks::JobCheck {
                key: &key,
                head_sha: &row.sha,
                head_branch: Some(&repository.default_branch),
                name: &name,
                status: "completed",
                conclusion: Some("failure"),
                completed_at: Some(tx.now()),
                title: Some("a schedule never fires"),
                summary: Some(wrong),
                ..forge::checks::JobCheck::default()
            };
            forge::checks::put_job_check(tx, repository.id, &check).await?;
        }
        let lines = lines.due;
        let known = store::schedules::of_repo(tx, repository.id).await?;
        let line =
            |schedule: &Schedule| (schedule.workflow_path.clone(), schedule.cron.clone(), schedule.timezone.clone());
        for gone in known.iter().filter(|known| !lines.contains(&line(known))) {
            store::schedules::delete(tx, gone.id).await?;
        }
        let minute = tx.now() / MINUTE;
        for (path, cron, zone) in lines {
            if known.iter().any(|known| line(known) == (path.clone(), cron.clone(), zone.clone())) {
                continue;
            }
            let schedule = Schedule {
                id: 0,
                repo_id: repository.id,
                next_minute: next(&cron, &zone, minute),
                workflow_path: path,
                cron,
                timezone: zone,
                actor_id: row.actor_id,
                actor_login: row.actor_login.clone(),
                last_minute: minute,
            };
            store::schedules::insert(tx, &schedule).await?;
        }
        Ok(())
    }

    /// After a time that never was: minutes that were fired in it count for nothing.
    pub(crate) async fn forget_minutes(&self, tx: &mut Tx) -> Result<()> {
        let minute = tx.now() / MINUTE;
        for schedule in store::schedules::all(tx).await? {
            if schedule.last_minute > minute {
                let after = next(&schedule.cron, &schedule.timezone, minute);
                store::schedules::set_fired(tx, schedule.id, minute, after).await?;
            }
        }
        tx.wake(store::Topic::Timers);
        Ok(())
    }

    /// Fires what is due.
    pub(crate) async fn fire_schedules(&self) -> Result<()> {
        let minute = self.store().now() / MINUTE;
        for id in store::schedules::due(&mut self.store().read(), minute, 100).await? {
            let mut tx = self.store().begin().await?;
            let Some(schedule) = store::schedules::take(&mut tx, id, minute).await? else { continue };
            let due = schedule.next_minute.unwrap_or(minute);
            let last = due.max(schedule.last_minute);
            let after = next(&schedule.cron, &schedule.timezone, minute.max(last));
            let fired = match due > schedule.last_minute {
                true => self.fire_unless_at_rest(&mut tx, &schedule).await,
                false => Ok(()),
            };
            match fired {
                Err(error) if error.is_passing() => return Err(error),
                // The others must not wait for this one; it has its next minute.
                Err(error) => {
                    self.trouble(&format!("schedule {id} ({})", schedule.workflow_path), &error);
                    tx.rollback().await?;
                    tx = self.store().begin().await?;
                }
                Ok(()) => {}
            }
            store::schedules::set_fired(&mut tx, id, last, after).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn fire_unless_at_rest(&self, tx: &mut Tx, schedule: &Schedule) -> Result<()> {
        if self.rests(tx, schedule).await? { Ok(()) } else { self.fire(tx, schedule).await }
    }

    /// Whether the workflow's schedules are off because nothing happens in its repository; switches them off when that has
    /// become so. As on GitHub this concerns public repositories, and ends when somebody enables the workflow.
    async fn rests(&self, tx: &mut Tx, schedule: &Schedule) -> Result<bool> {
        let Some(after) = self.settings().schedules_rest_after else { return Ok(false) };
        let Some(workflow) = store::workflows::by_path(tx, schedule.repo_id, &schedule.workflow_path).await? else {
            return Ok(false);
        };
        if workflow.state != "active" {
            // The verdict of the event says so.
            return Ok(false);
        }
        let repository = store::repositories::by_id(tx, schedule.repo_id).await?;
        if repository.is_none_or(|repository| repository.visibility != "public") {
            return Ok(false);
        }
        let since = tx.now().saturating_sub(micros(after));
        let active = store::events::last_by_people(tx, schedule.repo_id).await?;
        if workflow.updated_at >= since || active.is_some_and(|at| at >= since) {
            return Ok(false);
        }
        store::workflows::set_state(tx, workflow.id, "disabled_inactivity").await?;
        let days = after.as_secs() / (24 * 3600);
        let details = json!({ "state": "disabled_inactivity", "days": days });
        let action = identity::Action::new("workflow.state", &workflow.path).repo(schedule.repo_id).details(details);
        self.identity().audit(tx, identity::Actor::server(), action).await?;
        Ok(true)
    }

    async fn fire(&self, tx: &mut Tx, schedule: &Schedule) -> Result<()> {
        let Some(repository) = store::repositories::by_id(tx, schedule.repo_id).await? else {
            return Ok(store::schedules::delete(tx, schedule.id).await?);
        };
        let mut shape = self.forge().shape();
        let event = NewEvent {
            repo_id: repository.id,
            name: "schedule".to_owned(),
            action: None,
            git_ref: format!("refs/heads/{}", repository.default_branch),
            before: None,
            sha: String::new(),
            facts: Facts {
                workflow: Some(schedule.workflow_path.clone()),
                schedule: Some(schedule.cron.clone()),
                ..Facts::default()
            },
            actor_id: schedule.actor_id,
            actor_login: schedule.actor_login.clone(),
            actor_kind: ActorKind::User,
            payload: json!({
                "schedule": schedule.cron,
                "workflow": schedule.workflow_path,
                "repository": shape.repository(&repository).await?,
                "sender": shape.user(schedule.actor_id).await?,
            }),
        };
        store::events::append(tx, &event).await?;
        Ok(())
    }
}

/// The first minute after this one at which a line is due; `None` when there is none, or the line or zone cannot be read.
pub(crate) fn next(cron: &str, zone: &str, minute: i64) -> Option<i64> {
    let cron = Cron::from_str(cron).ok()?;
    let from = Zoned::new(Timestamp::from_second(minute.checked_mul(60)?).ok()?, time_zone(zone)?);
    let next = cron.find_next_occurrence(&from, false).ok()?;
    Some(next.timestamp().as_second() / 60)
}

fn time_zone(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("utc") { Some(TimeZone::UTC) } else { TimeZone::get(name).ok() }
}

/// Why a line never fires; `None` when it does.
fn never(cron: &str, zone: &str, minute: i64) -> Option<String> {
    if time_zone(zone).is_none() {
        return Some(format!(
            "there is no time zone `{zone}`; a name of the IANA database is expected, such as `Europe/Berlin`"
        ));
    }
    if let Err(error) = Cron::from_str(cron) {
        return Some(format!("`{cron}` cannot be read: {error}"));
    }
    next(cron, zone, minute).is_none().then(|| format!("`{cron}` names no day that ever comes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second() / 60
    }

    #[test]
    fn the_next_minute() {
        let table = [
            ("*/5 * * * *", "UTC", "2026-11-30T07:01:00Z", Some("2026-11-30T07:05:00Z")),
            ("*/5 * * * *", "UTC", "2026-11-30T07:05:00Z", Some("2026-11-30T07:10:00Z")),
            ("30 5 * * 1-5", "Europe/Berlin", "2026-11-28T12:00:00Z", Some("2026-11-30T04:30:00Z")),
            // A day of the month or a day of the week.
            ("0 0 13 * 5", "UTC", "2026-11-30T00:00:00Z", Some("2026-12-04T00:00:00Z")),
            ("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", None),
            ("0 0 * * *", "Mars/Olympus", "2026-01-01T00:00:00Z", None),
            ("nonsense", "UTC", "2026-01-01T00:00:00Z", None),
            // Half past two does not exist on this night; the run is not lost for that day.
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", Some("2026-03-29T01:00:00Z")),
        ];
        for (cron, zone, from, expected) in table {
            assert_eq!(next(cron, zone, minute(from)), expected.map(minute), "{cron} {zone} after {from}");
            assert_eq!(never(cron, zone, minute(from)).is_none(), expected.is_some(), "{cron} {zone}");
        }
    }
}
