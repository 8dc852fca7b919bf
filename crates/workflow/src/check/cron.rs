//! `schedule`: POSIX cron in five fields, and the form of time zone names.

use std::sync::Arc;

use span::Diagnostic;

use crate::{Spanned, code};

struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// From `min` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[] },
    Field { name: "hour", min: 0, max: 23, names: &[] },
    Field { name: "day of the month", min: 1, max: 31, names: &[] },
    Field {
        name: "month",
        min: 1,
        max: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { name: "day of the week", min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// GitHub starts scheduled runs no more often than this, in minutes.
const SHORTEST_INTERVAL: u32 = 5;

pub(crate) fn cron(cron: &Spanned<Arc<str>>, out: &mut Vec<Diagnostic>) {
    let text = cron.value.as_ref();
    let error = |message: String| {
        Diagnostic::error(code::INVALID_CRON, message).at(cron.span).help(
            "expected five fields: minute, hour, day of the month, month, day of the week, such as `30 5 * * 1-5`",
        )
    };
    if text.starts_with('@') {
        out.push(error(format!("`{text}` is a shorthand that GitHub does not know")));
        return;
    }
    let parts: Vec<&str> = text.split(' ').filter(|part| !part.is_empty()).collect();
    if parts.len() != FIELDS.len() {
        out.push(error(format!("`{text}` has {} of the five fields of a schedule", parts.len())));
        return;
    }
    let mut minutes = 0;
    for (index, (part, field)) in parts.iter().zip(&FIELDS).enumerate() {
        match field.read(part) {
            Ok(set) if index == 0 => minutes = set,
            Ok(_) => {}
            Err(problem) => out.push(error(format!("`{part}` is no {}: {problem}", field.name))),
        }
    }
    let gap = shortest_gap(minutes);
    if gap < SHORTEST_INTERVAL {
        out.push(
            Diagnostic::warning(code::FREQUENT_CRON, format!("this asks for a run every {}", counted(gap)))
                .at(cron.span)
                .help("GitHub runs schedules every 5 minutes at most"),
        );
    }
}

fn counted(minutes: u32) -> String {
    if minutes == 1 { "minute".into() } else { format!("{minutes} minutes") }
}

/// The shortest time between two minutes of a set of bits, over the end of the hour as well.
fn shortest_gap(minutes: u64) -> u32 {
    let set: Vec<u32> = (0..60).filter(|minute| minutes & (1 << minute) != 0).collect();
    let [first, .., last] = set[..] else {
        return 60;
    };
    let within = set.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(60);
    within.min(first + 60 - last)
}

impl Field {
    /// The values a field stands for, as bits.
    fn read(&self, text: &str) -> Result<u64, String> {
        let mut set = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => {
                    let step = step.parse::<u32>().ok().filter(|step| *step > 0);
                    (range, Some(step.ok_or("a step is a number above 0")?))
                }
                None => (part, None),
            };
            let (start, end) = match range.split_once('-') {
                Some((start, end)) => (self.value(start)?, self.value(end)?),
                None if range == "*" => (self.min, self.max),
                None => {
                    let start = self.value(range)?;
                    (start, if step.is_some() { self.max } else { start })
                }
            };
            if start > end {
                return Err("the range runs backwards".to_owned());
            }
            let step = step.unwrap_or(1) as usize;
            set |= (start..=end).step_by(step).fold(0u64, |set, value| set | (1 << value));
        }
        Ok(set)
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        if let Some(index) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(self.min + u32::try_from(index).unwrap_or_default());
        }
        let digits = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
        let value = if digits { text.parse::<u32>().ok() } else { None };
        value
            .filter(|value| (self.min..=self.max).contains(value))
            .ok_or_else(|| format!("expected a value from {} to {}", self.min, self.max))
    }
}

/// Only the form: which zones exist is the scheduler's to know.
pub(crate) fn timezone(zone: &Spanned<Arc<str>>, out: &mut Vec<Diagnostic>) {
    let fine = zone.value.split('/').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '+'))
    });
    if !fine {
        out.push(
            Diagnostic::error(code::INVALID_TIMEZONE, format!("`{}` is no name of a time zone", zone.value))
                .at(zone.span)
                .help("expected a name of the IANA database, such as `Europe/Berlin` or `UTC`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use span::{FileId, Span};

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        cron(&Spanned { value: text.into(), span: Span::new(FileId(0), 0, 0) }, &mut out);
        out.into_iter().map(|diagnostic| diagnostic.message).collect()
    }

    #[test]
    fn schedules() {
        for text in ["0 0 * * *", "*/5 * * * *", "30 5,17 1-15/2 JAN-mar Mon-Fri", "0  4 * * 0", "5/10 * * * *"] {
            assert_eq!(problems(text), Vec::<String>::new(), "{text}");
        }
        for (text, problem) in [
            ("@daily", "`@daily` is a shorthand that GitHub does not know"),
            ("0 0 * *", "`0 0 * *` has 4 of the five fields of a schedule"),
            ("60 0 * * *", "`60` is no minute: expected a value from 0 to 59"),
            ("0 0 0 * *", "`0` is no day of the month: expected a value from 1 to 31"),
            ("0 0 * * 7", "`7` is no day of the week: expected a value from 0 to 6"),
            ("0 5-3 * * *", "`5-3` is no hour: the range runs backwards"),
            ("*/0 * * * *", "`*/0` is no minute: a step is a number above 0"),
            ("* * * * *", "this asks for a run every minute"),
            ("*/3 * * * *", "this asks for a run every 3 minutes"),
            ("1,59 * * * *", "this asks for a run every 2 minutes"),
            ("99999999999999999999 * * * *", "`99999999999999999999` is no minute: expected a value from 0 to 59"),
        ] {
            assert_eq!(problems(text), [problem], "{text}");
        }
    }
}
