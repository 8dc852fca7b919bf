//! Dates as moment.js writes them, in English.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::native::error::{Fault, Result};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Tokens, the longer before the shorter ones that they begin with.
const TOKENS: &[&str] = &[
    "Hmmss",
    "hmmss",
    "Hmm",
    "hmm",
    "MMMM",
    "MMM",
    "MM",
    "Mo",
    "M",
    "DDDD",
    "DDDo",
    "DDD",
    "DD",
    "Do",
    "D",
    "dddd",
    "ddd",
    "dd",
    "do",
    "d",
    "ww",
    "wo",
    "w",
    "WW",
    "Wo",
    "W",
    "Qo",
    "Q",
    "YYYYYY",
    "YYYYY",
    "YYYY",
    "YY",
    "Y",
    "gggg",
    "gg",
    "GGGG",
    "GG",
    "e",
    "E",
    "a",
    "A",
    "hh",
    "h",
    "HH",
    "H",
    "kk",
    "k",
    "mm",
    "m",
    "ss",
    "s",
    "SSSSSSSSS",
    "SSSSSSSS",
    "SSSSSSS",
    "SSSSSS",
    "SSSSS",
    "SSSS",
    "SSS",
    "SS",
    "S",
    "x",
    "X",
    "zz",
    "z",
    "ZZ",
    "Z",
];

/// Shorthands of the English locale.
const LONG: &[(&str, &str)] = &[
    ("LTS", "h:mm:ss A"),
    ("LT", "h:mm A"),
    ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
    ("LLL", "MMMM D, YYYY h:mm A"),
    ("LL", "MMMM D, YYYY"),
    ("L", "MM/DD/YYYY"),
    ("llll", "ddd, MMM D, YYYY h:mm A"),
    ("lll", "MMM D, YYYY h:mm A"),
    ("ll", "MMM D, YYYY"),
    ("l", "M/D/YYYY"),
];

/// A time in a zone. An empty format is ISO 8601.
pub(crate) fn format(time: Timestamp, zone: &str, pattern: &str) -> Result<String> {
    let zone = match zone {
        "" | "UTC" => TimeZone::UTC,
        name => TimeZone::get(name)
            .map_err(|_| Fault::Text(format!("`{name}` is no time zone; write one such as Europe/Paris")))?,
    };
    let time = time.to_zoned(zone);
    let pattern = match pattern {
        "" if time.offset().is_zero() => "YYYY-MM-DDTHH:mm:ss[Z]",
        "" => "YYYY-MM-DDTHH:mm:ssZ",
        other => other,
    };
    let mut out = String::new();
    write(&mut out, &time, pattern, true);
    Ok(out)
}

fn write(out: &mut String, time: &Zoned, pattern: &str, long: bool) {
    let mut rest = pattern;
    while let Some(char) = rest.chars().next() {
        if let Some(inner) = rest.strip_prefix('[')
            && let Some(end) = inner.find([']', '['])
            && inner[end..].starts_with(']')
        {
            out.push_str(&inner[..end]);
            rest = &inner[end + 1..];
            continue;
        }
        if long && let Some((token, pattern)) = LONG.iter().find(|(token, _)| rest.starts_with(token)) {
            write(out, time, pattern, false);
            rest = &rest[token.len()..];
            continue;
        }
        match TOKENS.iter().find(|token| rest.starts_with(**token)) {
            Some(token) => {
                out.push_str(&value(time, token));
                rest = &rest[token.len()..];
            }
            None => {
                // A backslash takes the meaning from a token; alone it is itself.
                let escaped = rest.strip_prefix('\\').and_then(|after| {
                    let token = TOKENS.iter().find(|token| after.starts_with(**token))?;
                    Some((*token, &after[token.len()..]))
                });
                match escaped {
                    Some((token, after)) => {
                        out.push_str(token);
                        rest = after;
                    }
                    None => {
                        out.push(char);
                        rest = &rest[char.len_utf8()..];
                    }
                }
            }
        }
    }
}

fn value(time: &Zoned, token: &str) -> String {
    let (year, month, day) = (i64::from(time.year()), i64::from(time.month()), i64::from(time.day()));
    let (hour, minute, second) = (i64::from(time.hour()), i64::from(time.minute()), i64::from(time.second()));
    let of_year = i64::from(time.day_of_year());
    let week_day = usize::from(time.weekday().to_sunday_zero_offset().unsigned_abs());
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let month_name = MONTHS[usize::try_from(month - 1).unwrap_or_default() % 12];
    let iso = time.date().iso_week_date();
    let quarter = (month + 2) / 3;
    match token {
        "M" => month.to_string(),
        "Mo" => ordinal(month),
        "MM" => two(month),
        "MMM" => month_name[..3].to_owned(),
        "MMMM" => month_name.to_owned(),
        "D" => day.to_string(),
        "Do" => ordinal(day),
        "DD" => two(day),
        "DDD" => of_year.to_string(),
        "DDDo" => ordinal(of_year),
        "DDDD" => format!("{of_year:03}"),
        "d" | "e" => week_day.to_string(),
        "do" => ordinal(i64::try_from(week_day).unwrap_or_default()),
        "dd" => DAYS[week_day][..2].to_owned(),
        "ddd" => DAYS[week_day][..3].to_owned(),
        "dddd" => DAYS[week_day].to_owned(),
        "E" => time.weekday().to_monday_one_offset().to_string(),
        "w" => local_week(time).1.to_string(),
        "wo" => ordinal(local_week(time).1),
        "ww" => two(local_week(time).1),
        "W" => iso.week().to_string(),
        "Wo" => ordinal(iso.week().into()),
        "WW" => two(iso.week().into()),
        "gg" => two(local_week(time).0 % 100),
        "gggg" => format!("{:04}", local_week(time).0),
        "GG" => two(i64::from(iso.year()) % 100),
        "GGGG" => format!("{:04}", iso.year()),
        "Q" => quarter.to_string(),
        "Qo" => ordinal(quarter),
        "Y" | "YYYY" => format!("{year:04}"),
        "YY" => two(year % 100),
        "YYYYY" => format!("{year:05}"),
        "YYYYYY" => format!("{year:+07}"),
        "H" => hour.to_string(),
        "HH" => two(hour),
        "h" => twelve.to_string(),
        "hh" => two(twelve),
        "k" => (if hour == 0 { 24 } else { hour }).to_string(),
        "kk" => two(if hour == 0 { 24 } else { hour }),
        "m" => minute.to_string(),
        "mm" => two(minute),
        "s" => second.to_string(),
        "ss" => two(second),
        "Hmm" => format!("{hour}{minute:02}"),
        "Hmmss" => format!("{hour}{minute:02}{second:02}"),
        "hmm" => format!("{twelve}{minute:02}"),
        "hmmss" => format!("{twelve}{minute:02}{second:02}"),
        "a" => (if hour < 12 { "am" } else { "pm" }).to_owned(),
        "A" => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
        "x" => time.timestamp().as_millisecond().to_string(),
        "X" => time.timestamp().as_second().to_string(),
        "z" | "zz" => time.time_zone().to_offset_info(time.timestamp()).abbreviation().to_owned(),
        "Z" => offset(time, ":"),
        "ZZ" => offset(time, ""),
        // Fractions: moment knows milliseconds, the rest is zeros.
        fraction => {
            let mut digits = format!("{:03}000000", time.millisecond());
            digits.truncate(fraction.len());
            digits
        }
    }
}

fn two(number: i64) -> String {
    format!("{number:02}")
}

fn ordinal(number: i64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn offset(time: &Zoned, colon: &str) -> String {
    let seconds = time.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

/// Year and week where weeks begin on Sunday and the first one holds 1 January.
fn local_week(time: &Zoned) -> (i64, i64) {
    let date = time.date();
    // The Saturday of the same week decides whose year it is.
    let ahead = i64::from(date.weekday().until(Weekday::Saturday));
    let saturday = date.checked_add(jiff::Span::new().days(ahead)).unwrap_or(date);
    (saturday.year().into(), (i64::from(saturday.day_of_year()) + 6) / 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let time: Timestamp = "2020-01-05T03:04:09.087Z".parse().unwrap();
        for (zone, pattern, want) in [
            ("UTC", "YYYYMMDD", "20200105"),
            ("", "YYYY-MM-DDTHH:mm:ss", "2020-01-05T03:04:09"),
            ("UTC", "", "2020-01-05T03:04:09Z"),
            ("Europe/Paris", "", "2020-01-05T04:04:09+01:00"),
            ("Europe/Paris", "YYYYMMDD-HHmmss z ZZ", "20200105-040409 CET +0100"),
            ("America/New_York", "YYYY-MM-DD hh:mm A", "2020-01-04 10:04 PM"),
            ("UTC", "[at] Do MMMM, dddd dd d E w W gggg GGGG Q", "at 5th January, Sunday Su 0 7 2 1 2020 2020 1"),
            ("UTC", "SSS S SSSSSS x X DDDD YY k", "087 0 087000 1578193449087 1578193449 005 20 3"),
            ("UTC", "LLLL", "Sunday, January 5, 2020 3:04 AM"),
            ("UTC", "\\YYYY é.", "YYYY é."),
            ("UTC", "[open YYYY", "[open 2020"),
        ] {
            // `o` and `n` are no tokens; `e` is.
            let want = want.replace("open", "op0n");
            assert_eq!(format(time, zone, pattern).unwrap(), want, "{zone} {pattern}");
        }
        let turn: Timestamp = "2023-12-31T00:00:00Z".parse().unwrap();
        assert_eq!(format(turn, "UTC", "gggg-ww GGGG-WW").unwrap(), "2024-01 2023-52");
        assert!(format(time, "Nowhere/Town", "YYYY").is_err());
    }
}
