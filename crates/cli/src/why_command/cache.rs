//! `why cache`: looks that runs recorded, and the store.

use explain::cache::{Asked, Entry};
use explain::run::RunModel;
use services::CacheStore;

use super::arguments::CacheQuestion;
use super::records::{EARLIER, check_job, earlier, model};
use super::show;
use crate::dirs::Dirs;
use crate::failure::Failure;

pub(super) fn explain(question: &CacheQuestion) -> Result<(), Failure> {
    let store = question.records.store()?;
    let (asked, runs): (_, Vec<RunModel>) = match (&question.run, &question.key) {
        (Some(run), _) => {
            let run = model(&store.find(run)?)?;
            check_job(&run, question.job.as_deref())?;
            let number = run.number;
            let mut runs = vec![run];
            runs.extend(earlier(&store, number, EARLIER)?);
            (Asked::Run { run: number, job: question.job.as_deref() }, runs)
        }
        (None, key) => {
            let key = key.as_deref().unwrap_or_default();
            (Asked::Key(key), earlier(&store, u64::MAX, EARLIER)?)
        }
    };
    let explanation = explain::cache::explain(asked, &runs, entries()?);
    if question.json {
        return show::print_json(&explanation);
    }
    show::print(|_| explain::cache::lines(&explanation));
    Ok(())
}

/// All that is stored on this machine.
fn entries() -> Result<Vec<Entry>, Failure> {
    let dirs = Dirs::from_env()?;
    let caches = CacheStore::open(&dirs.cache).list().map_err(|error| Failure::broken(error.to_string()))?;
    let mut entries: Vec<Entry> = caches
        .into_iter()
        .map(|usage| Entry {
            key: usage.entry.key,
            scope: usage.entry.scope,
            size: usage.entry.size,
            created: usage.entry.created_at.strftime("%Y-%m-%d %H:%M").to_string(),
            last_used: usage.last_used.strftime("%Y-%m-%d %H:%M").to_string(),
            other_repository: Some(usage.entry.repository),
        })
        .collect();
    entries.reverse();
    Ok(entries)
}
