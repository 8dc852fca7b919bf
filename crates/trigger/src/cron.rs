use std::fmt;

/// A cron line as `schedule` takes it: five fields of POSIX, names of months and days, no `@daily`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
}

/// What is wrong with a cron line. `offset` and `len` are bytes of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronError {
    pub offset: usize,
    pub len: usize,
    pub message: String,
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CronError {}

struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        low: 0,
        high: 59,
        names: &[],
    },
    Field {
        name: "hour",
        low: 0,
        high: 23,
        names: &[],
    },
    Field {
        name: "day of the month",
        low: 1,
        high: 31,
        names: &[],
    },
    Field {
        name: "month",
        low: 1,
        high: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        name: "day of the week",
        low: 0,
        high: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

impl Cron {
    /// Reads a line, or says what is wrong with each field.
    pub fn parse(text: &str) -> Result<Cron, Vec<CronError>> {
        if let Some(at) = text.find('@') {
            let message = "shorthands such as `@daily` are not known; write five fields: minute, hour, day, month, weekday";
            return Err(vec![CronError {
                offset: at,
                len: text.len() - at,
                message: message.to_owned(),
            }]);
        }
        let words: Vec<(usize, &str)> = words(text);
        if words.len() != FIELDS.len() {
            let message = format!(
                "expected five fields (minute, hour, day, month, weekday), found {}",
                words.len()
            );
            return Err(vec![CronError {
                offset: 0,
                len: text.len(),
                message,
            }]);
        }
        let mut masks = [0u64; 5];
        let mut errors = Vec::new();
        for (index, ((offset, word), field)) in words.iter().zip(&FIELDS).enumerate() {
            match field.mask(word) {
                Ok(mask) => masks[index] = mask,
                Err(message) => errors.push(CronError {
                    offset: *offset,
                    len: word.len(),
                    message,
                }),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let [minutes, hours, days, months, weekdays] = masks;
        Ok(Cron {
            minutes,
            hours,
            days,
            months,
            weekdays,
            any_day: words[2].1.starts_with('*'),
            any_weekday: words[4].1.starts_with('*'),
        })
    }

    /// Whether it is due at this minute. Weekdays count from Sunday, 0. When both days are restricted, either is enough.
    #[must_use]
    pub fn due(&self, minute: u32, hour: u32, day: u32, month: u32, weekday: u32) -> bool {
        let has = |mask: u64, value: u32| value < 64 && mask & (1 << value) != 0;
        let on_day = match (self.any_day, self.any_weekday) {
            (false, false) => has(self.days, day) || has(self.weekdays, weekday),
            _ => has(self.days, day) && has(self.weekdays, weekday),
        };
        has(self.minutes, minute) && has(self.hours, hour) && has(self.months, month) && on_day
    }

    /// The shortest time between two runs within a day, in minutes; GitHub asks for at least 5.
    #[must_use]
    pub fn shortest_interval(&self) -> u32 {
        let minutes: Vec<u32> = (0..60)
            .filter(|minute| self.minutes & (1 << minute) != 0)
            .collect();
        let neighbours = minutes
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .min()
            .unwrap_or(60);
        let hours_touch = (0..24).any(|hour| {
            self.hours & (1 << hour) != 0 && self.hours & (1 << ((hour + 1) % 24)) != 0
        });
        match (minutes.first(), minutes.last()) {
            (Some(first), Some(last)) if hours_touch => neighbours.min(60 + first - last),
            _ => neighbours,
        }
    }
}

impl Field {
    fn mask(&self, word: &str) -> Result<u64, String> {
        let mut mask = 0;
        for part in word.split(',') {
            mask |= self.part(part)?;
        }
        Ok(mask)
    }

    fn part(&self, part: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step: u32 = step.parse().map_err(|_| self.wrong(part))?;
                if step == 0 {
                    return Err(format!("a step of 0 in the {} never ends", self.name));
                }
                (range, Some(step))
            }
            None => (part, None),
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (self.low, self.high),
            Some((low, high)) => (self.value(low)?, self.value(high)?),
            // `5/15` runs from 5 to the end.
            None => (
                self.value(range)?,
                if step.is_some() {
                    self.high
                } else {
                    self.value(range)?
                },
            ),
        };
        if low > high {
            return Err(format!(
                "the range `{range}` of the {} is the wrong way round",
                self.name
            ));
        }
        Ok((low..=high)
            .step_by(step.unwrap_or(1) as usize)
            .fold(0, |mask, value| mask | 1 << value))
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(index) = self.names.iter().position(|name| *name == lower) {
            return Ok(self.low + u32::try_from(index).unwrap_or(0));
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(value) if digits && (self.low..=self.high).contains(&value) => Ok(value),
            Ok(_) if digits => Err(format!(
                "{text} is outside the range of the {}, which is {} to {}",
                self.name, self.low, self.high
            )),
            _ => Err(self.wrong(text)),
        }
    }

    fn wrong(&self, text: &str) -> String {
        format!(
            "`{text}` is no {}: expected {} to {}, `*`, a range, a list or a step",
            self.name, self.low, self.high
        )
    }
}

fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in text.split([' ', '\t']) {
        if !word.is_empty() {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    words
}
