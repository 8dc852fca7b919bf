//! `cargo xtask bench server`: a server in a process of its own, loaded from this one over loopback, on SQLite and on
//! PostgreSQL. Runners that only talk (they execute nothing) show what the control plane costs; a push that is followed
//! until its first step runs is measured with the server's own runners.

mod database;
mod http;
mod jobs;
mod lists;
mod logs;
mod pushes;
mod site;

use std::path::Path;

use super::Asked;
use super::table::Row;
use database::Database;
use site::Site;

/// One figure of a server.
type Case = fn(&mut Site, &Asked<'_>) -> Result<Vec<Row>, String>;

const CASES: &[(&str, Case)] = &[
    ("start", site::start),
    ("idle", site::idle),
    ("push", pushes::measure),
    ("jobs", jobs::measure),
    ("logs", logs::measure),
    ("lists", lists::measure),
];

pub(super) fn measure(asked: &Asked<'_>, program: &Path, place: &Path) -> Result<(Vec<Row>, Vec<String>), String> {
    let (mut rows, mut skipped) = (Vec::new(), Vec::new());
    for name in ["sqlite", "postgresql"] {
        let database = match Database::start(name, place) {
            Ok(database) => database,
            Err(reason) => {
                skipped.push(format!("{name}: {reason}"));
                continue;
            }
        };
        let mut site = Site::new(name, program, place, database)?;
        for (case, run) in CASES {
            let full = format!("{name} {case}");
            if asked.wants(&full) {
                eprintln!("{full} …");
                rows.extend(run(&mut site, asked).map_err(|error| format!("{full}: {error}"))?);
            }
        }
    }
    Ok((rows, skipped))
}

/// The value that so many of a hundred do not exceed.
fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into a list that is there")]
    let index = ((sorted.len() as f64 * percent / 100.0).ceil() as usize).saturating_sub(1);
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
