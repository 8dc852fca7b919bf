//! When lines of `schedule:` are due.

use explain::cron::{is_due, next};
use jiff::civil::DateTime;

fn at(text: &str) -> DateTime {
    text.parse().expect("a time")
}

#[test]
fn due() {
    // 2026-12-01 is a Tuesday.
    let rows = [
        ("0 4 * * *", "2026-12-01T04:00", true),
        ("0 4 * * *", "2026-12-01T04:01", false),
        ("*/15 * * * *", "2026-12-01T07:45", true),
        ("*/15 * * * *", "2026-12-01T07:50", false),
        ("30 5 * * 1-5", "2026-12-01T05:30", true),
        ("30 5 * * 1-5", "2026-12-05T05:30", false),
        ("30 5 * * mon,TUE", "2026-12-01T05:30", true),
        ("0 0 1 jan *", "2027-01-01T00:00", true),
        // Either of the two days is enough when both are given, as POSIX says.
        ("0 0 13 * fri", "2026-12-04T00:00", true),
        ("0 0 13 * fri", "2026-12-13T00:00", true),
        ("0 0 13 * fri", "2026-12-14T00:00", false),
        ("5/20 * * * *", "2026-12-01T00:45", true),
        ("61 * * * *", "2026-12-01T00:01", false),
        ("@daily", "2026-12-01T00:00", false),
    ];
    for (line, time, due) in rows {
        assert_eq!(is_due(line, at(time)), due, "{line} at {time}");
    }
}

#[test]
fn the_next_time() {
    let rows = [
        ("0 4 * * *", "2026-12-01T04:00", Some("2026-12-02T04:00")),
        ("0 4 * * *", "2026-12-01T03:59:30", Some("2026-12-01T04:00")),
        ("0 0 29 2 *", "2026-12-01T00:00", Some("2028-02-29T00:00")),
        ("0 0 31 2 *", "2026-12-01T00:00", None),
    ];
    for (line, time, expected) in rows {
        assert_eq!(next(line, at(time)), expected.map(at), "{line} after {time}");
    }
}
