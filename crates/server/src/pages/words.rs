//! Times and lengths in words.

use maud::{Markup, html};
use store::Micros;

/// `3 s`, `2 min 5 s`, `1 h 4 min`.
pub(super) fn length(micros: Micros) -> String {
    let seconds = micros.max(0) / 1_000_000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{} ms", micros.max(0) / 1000),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A moment as a machine and a person read it; the script makes it local.
pub(super) fn moment(micros: Micros, now: Micros) -> Markup {
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    let exact = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    html! { time datetime=(exact) title=(exact) { (ago(now - micros)) } }
}

fn ago(passed: Micros) -> String {
    let seconds = passed.max(0) / 1_000_000;
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// The first characters of a commit's id.
pub(super) fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths() {
        for (micros, expected) in [
            (12_000, "12 ms"),
            (3_000_000, "3 s"),
            (125_000_000, "2 min 5 s"),
            (3_840_000_000, "1 h 4 min"),
            (-5, "0 ms"),
        ] {
            assert_eq!(super::length(micros), expected);
        }
    }
}
