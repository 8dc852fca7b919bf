use serde_json::Value;
use store::Micros;

/// `2026-11-30T07:00:00Z`.
#[must_use]
pub fn at(time: Micros) -> String {
    seconds(time.div_euclid(1_000_000))
}

/// The time, or null.
pub(crate) fn maybe(time: Option<Micros>) -> Value {
    time.map_or(Value::Null, |time| at(time).into())
}

/// The time of a commit, in UTC.
#[must_use]
pub fn git_time(signature: &crate::git::Signature) -> String {
    seconds(signature.seconds)
}

/// The time of a commit with its own zone, as payloads of pushes have it.
pub(crate) fn git_time_with_zone(signature: &crate::git::Signature) -> String {
    let (minutes, sign) =
        (signature.offset_minutes.unsigned_abs(), if signature.offset_minutes < 0 { '-' } else { '+' });
    let local = seconds(signature.seconds.saturating_add(i64::from(signature.offset_minutes) * 60));
    format!("{}{sign}{:02}:{:02}", local.trim_end_matches('Z'), minutes / 60, minutes % 60)
}

fn seconds(seconds: i64) -> String {
    // Commits may claim any time; what the calendar does not have is shown as its beginning.
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
