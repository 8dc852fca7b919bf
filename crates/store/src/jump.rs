//! What a jump of the wall clock must not change: how long things last that are running.

use crate::{Lock, Micros, Query, Result, Tx, args};

const SEEN: &str = "clock.jump";

/// Servers that share a database notice the same jump within this time.
const TOGETHER: Micros = 120_000_000;
/// And measure it this exactly.
const EXACTLY: Micros = 5_000_000;

/// No lease lasts longer than until then; how many would have. After a jump backwards, runners that are gone would keep their
/// jobs for as long as it was.
pub async fn cap_leases(tx: &mut Tx, until: Micros) -> Result<u64> {
    let sql = "UPDATE jobs SET lease_until = $1 WHERE status = 'in_progress' AND lease_until > $1";
    tx.execute(sql, args![until]).await
}

/// Moves the ends of jobs, of their tokens and of wait timers by a jump that happened at `before`, on the clock as it was
/// then. Whether this server did it: another one may have.
pub async fn shift(tx: &mut Tx, before: Micros, by: Micros) -> Result<bool> {
    let now = tx.now();
    let first = "INSERT INTO settings (name, value, updated_at) VALUES ($1, '0 0', $2) ON CONFLICT (name) DO NOTHING";
    tx.execute(first, args![SEEN, now]).await?;
    let lock = tx.lock_clause(Lock::Wait);
    let seen: String = tx.fetch_one(format!("SELECT value FROM settings WHERE name = $1{lock}"), args![SEEN]).await?;
    let numbers: Vec<Micros> = seen.split(' ').filter_map(|number| number.parse().ok()).collect();
    if let [seen_before, seen_by] = numbers[..]
        && seen_before.abs_diff(before) <= TOGETHER.unsigned_abs()
        && seen_by.abs_diff(by) <= EXACTLY.unsigned_abs()
    {
        return Ok(false);
    }
    let write = "UPDATE settings SET value = $2, updated_at = $3 WHERE name = $1";
    tx.execute(write, args![SEEN, format!("{before} {by}"), now]).await?;
    for sql in [
        "UPDATE jobs SET deadline = deadline + $1 WHERE status IN ('queued', 'in_progress') AND deadline IS NOT NULL",
        "UPDATE job_tokens SET expires_at = expires_at + $1",
        "UPDATE gates SET wait_until = wait_until + $1 WHERE state = 'waiting' AND wait_until IS NOT NULL",
        "UPDATE gate_requests SET next_attempt = next_attempt + $1 WHERE state = 'waiting'",
        "UPDATE events SET not_before = not_before + $1 WHERE state = 'pending' AND not_before > 0",
        "UPDATE run_inbox SET not_before = not_before + $1 WHERE not_before > 0",
        "UPDATE deliveries SET next_at = next_at + $1 WHERE state IN ('queued', 'sending')",
    ] {
        tx.execute(sql, args![by]).await?;
    }
    Ok(true)
}
