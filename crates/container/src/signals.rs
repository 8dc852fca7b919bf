//! Signals by name and number.

const NAMES: &[(&str, i32)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
    ("RTMIN", 34),
    ("RTMAX", 64),
];

/// The number of a signal written as `TERM`, `SIGTERM`, `15` or `RTMIN+3`.
pub fn number(text: &str) -> Result<i32, String> {
    let invalid = || format!("invalid signal: {text}");
    if let Ok(number) = text.parse::<i32>() {
        return if (1..=64).contains(&number) { Ok(number) } else { Err(invalid()) };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Ok(*number);
    }
    let offset = name.strip_prefix("RTMIN+").map(|by| (34, by)).or(name.strip_prefix("RTMAX-").map(|by| (64, by)));
    let (from, by) = offset.ok_or_else(invalid)?;
    let by: i32 = by.parse().ok().filter(|by| (0..=30).contains(by)).ok_or_else(invalid)?;
    Ok(if from == 34 { from + by } else { from - by })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, expected) in [("TERM", 15), ("sigterm", 15), ("9", 9), ("SIGRTMIN+3", 37), ("RTMAX-1", 63)] {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
        for wrong in ["", "0", "65", "NOPE", "RTMIN+99", "-9"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
