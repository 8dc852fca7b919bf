use std::ops::RangeInclusive;
use std::time::Duration;

use span::{Diagnostic, did_you_mean};

use crate::duration;
use crate::flags::{Flags, Takes};
use crate::statement::{Statement, trim};
use crate::{CommandLine, Word};

/// `HEALTHCHECK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthcheck {
    /// `NONE`: also turns off the one of the base image.
    None,
    Command(Probe),
}

/// `HEALTHCHECK CMD`. What is `None` was not written and takes the runtime's default; so does zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub command: CommandLine,
    pub interval: Option<Duration>,
    pub timeout: Option<Duration>,
    pub start_period: Option<Duration>,
    pub start_interval: Option<Duration>,
    pub retries: Option<u32>,
}

const FLAGS: [(&str, Takes); 5] = [
    ("interval", Takes::One),
    ("timeout", Takes::One),
    ("start-period", Takes::One),
    ("start-interval", Takes::One),
    ("retries", Takes::One),
];

/// What Docker takes for an interval, zero (the default) aside.
const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_nanos(i64::MAX as u64);

impl Healthcheck {
    pub(crate) fn parse(statement: &mut Statement<'_>) -> Option<Healthcheck> {
        let flags = statement.read_flags(&FLAGS);
        let text = statement.text();
        let length = text.find(char::is_whitespace).unwrap_or(text.len());
        let kind = statement.line.word(statement.rest.start..statement.rest.start + length);
        statement.rest = trim(&statement.line.text, statement.rest.start + length..statement.rest.end);
        let help = "`HEALTHCHECK CMD …` or `HEALTHCHECK NONE`";
        match kind.text.to_ascii_uppercase().as_str() {
            "" => statement.wrong(statement.keyword.span, "HEALTHCHECK needs `CMD` or `NONE`", help),
            "NONE" if statement.rest.is_empty() => Some(Healthcheck::None),
            "NONE" => statement.wrong(statement.place(), "HEALTHCHECK NONE takes no arguments", ""),
            "CMD" => {
                let every = interval(statement, &flags, "interval");
                let timeout = interval(statement, &flags, "timeout");
                let start_period = interval(statement, &flags, "start-period");
                let start_interval = interval(statement, &flags, "start-interval");
                let retries = flags.one("retries").and_then(|word| retries(statement, &word));
                if statement.rest.is_empty() {
                    return statement.wrong(kind.span, "HEALTHCHECK CMD needs a command", "");
                }
                let command = CommandLine::parse(statement)?;
                if command.is_empty() {
                    return statement.wrong(statement.place(), "HEALTHCHECK CMD needs a command", "");
                }
                Some(Healthcheck::Command(Probe {
                    command,
                    interval: every,
                    timeout,
                    start_period,
                    start_interval,
                    retries,
                }))
            }
            other => {
                let near = did_you_mean(other, ["CMD", "NONE"]).map(|near| format!("did you mean `{near}`?"));
                let message = format!("HEALTHCHECK has no `{}`", kind.text);
                statement.wrong(kind.span, message, &near.unwrap_or_else(|| help.to_owned()))
            }
        }
    }
}

fn interval(statement: &mut Statement<'_>, flags: &Flags, name: &str) -> Option<Duration> {
    let word = flags.one(name)?;
    if word.text.is_empty() {
        return None;
    }
    match duration::parse(&word.text) {
        Ok(duration) if duration.is_zero() || INTERVALS.contains(&duration) => Some(duration),
        Ok(_) => {
            let message = format!("`--{name}` is zero or at least 1ms, not `{}`", word.text);
            statement.problem(Diagnostic::error("dockerfile/flag-value", message).at(word.span));
            None
        }
        Err(why) => {
            let message = format!("`{}` is no duration: {why}", word.text);
            let help = "a duration is `30s`, `1m30s` or `500ms`";
            statement.problem(Diagnostic::error("dockerfile/flag-value", message).at(word.span).help(help));
            None
        }
    }
}

fn retries(statement: &mut Statement<'_>, word: &Word) -> Option<u32> {
    if word.text.is_empty() {
        return None;
    }
    let number = word.text.parse().ok().filter(|number| *number <= i32::MAX as u32);
    if number.is_none() {
        let message = format!("`--retries` is a whole number from 0 on, not `{}`", word.text);
        statement.problem(Diagnostic::error("dockerfile/flag-value", message).at(word.span));
    }
    number
}
