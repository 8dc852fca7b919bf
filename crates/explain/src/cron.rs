//! When a line of `schedule:` is due: POSIX cron in five fields.

use jiff::ToSpan as _;
use jiff::civil::DateTime;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A line that can be asked.
struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Neither `*`: then one of the two is enough.
    either_day: bool,
}

/// Whether the line is due in this minute of its own time zone. A line that is none is never due.
#[must_use]
pub fn is_due(line: &str, at: DateTime) -> bool {
    Cron::read(line).is_some_and(|cron| cron.on_day(at) && cron.at_minute(at))
}

/// The first minute after this one in which the line is due; none within four years.
#[must_use]
pub fn next(line: &str, after: DateTime) -> Option<DateTime> {
    let cron = Cron::read(line)?;
    let mut at = after.checked_add(1.minute()).ok()?.with().second(0).subsec_nanosecond(0).build().ok()?;
    for _ in 0..4 * 366 {
        if cron.on_day(at) {
            let day = at.date();
            while at.date() == day {
                if cron.at_minute(at) {
                    return Some(at);
                }
                at = at.checked_add(1.minute()).ok()?;
            }
        } else {
            at = at.date().tomorrow().ok()?.at(0, 0, 0, 0);
        }
    }
    None
}

impl Cron {
    fn read(line: &str) -> Option<Cron> {
        let mut fields = line.split_whitespace();
        let mut field = |min, max, names: &[&str]| {
            Some((fields.next()?, min, max))
                .and_then(|(text, min, max)| Some((set(text, min, max, names)?, text.starts_with('*'))))
        };
        let (minutes, _) = field(0, 59, &[])?;
        let (hours, _) = field(0, 23, &[])?;
        let (days, any_day) = field(1, 31, &[])?;
        let (months, _) = field(1, 12, &MONTHS)?;
        let (weekdays, any_weekday) = field(0, 6, &DAYS)?;
        Some(Cron { minutes, hours, days, months, weekdays, either_day: !any_day && !any_weekday })
    }

    fn on_day(&self, at: DateTime) -> bool {
        let has = |set: u64, value: i8| u32::try_from(value).is_ok_and(|value| set & (1 << value) != 0);
        let day = has(self.days, at.day());
        let weekday = has(self.weekdays, at.weekday().to_sunday_zero_offset());
        has(self.months, at.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    fn at_minute(&self, at: DateTime) -> bool {
        let has = |set: u64, value: i8| u32::try_from(value).is_ok_and(|value| set & (1 << value) != 0);
        has(self.minutes, at.minute()) && has(self.hours, at.hour())
    }
}

/// A field as a set of numbers: `*`, `*/5`, `1-5`, `1,3`, `mon-fri/2`.
fn set(text: &str, min: u32, max: u32, names: &[&str]) -> Option<u64> {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + min);
        named.or_else(|| text.parse().ok()).filter(|number| (min..=max).contains(number))
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (min, max),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, max),
            None => (number(range)?, number(range)?),
        };
        (from..=to).step_by(step as usize).for_each(|value| set |= 1 << value);
    }
    Some(set)
}
