//! Command lines as docker's own client reads them.

/// What a flag is followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing; `--flag=false` is possible.
    Nothing,
    /// A value.
    Value,
}

/// One flag of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    pub long: &'static str,
    pub short: Option<char>,
    pub takes: Takes,
}

impl Flag {
    /// A flag with a value.
    pub const fn value(long: &'static str) -> Self {
        Self { long, short: None, takes: Takes::Value }
    }

    /// A flag without.
    pub const fn switch(long: &'static str) -> Self {
        Self { long, short: None, takes: Takes::Nothing }
    }

    /// The same flag with a letter too.
    pub const fn short(self, letter: char) -> Self {
        Self { short: Some(letter), ..self }
    }

    /// As docker names it in errors: `-e, --env`.
    pub fn spelled(&self) -> String {
        match self.short {
            Some(letter) => format!("-{letter}, --{}", self.long),
            None => format!("--{}", self.long),
        }
    }
}

/// Why a command line is not understood; worded as docker words it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    #[error("unknown flag: --{0}")]
    Unknown(String),
    #[error("unknown shorthand flag: '{letter}' in -{group}")]
    UnknownLetter { letter: char, group: String },
    #[error("flag needs an argument: --{0}")]
    NeedsValue(String),
    #[error("flag needs an argument: '{letter}' in -{group}")]
    LetterNeedsValue { letter: char, group: String },
    #[error("bad flag syntax: {0}")]
    Syntax(String),
    #[error("invalid argument {value:?} for {flag:?} flag: {why}")]
    Value { flag: String, value: String, why: String },
}

/// A command line taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Name of the flag and its value, in the order given; switches have `true` or `false`.
    pub given: Vec<(&'static str, String)>,
    /// What is no flag.
    pub rest: Vec<String>,
}

impl Parsed {
    /// Whether the flag was given at all.
    pub fn given(&self, long: &str) -> bool {
        self.given.iter().any(|(name, _)| *name == long)
    }

    /// Whether the switch is on.
    pub fn on(&self, long: &str) -> bool {
        self.last(long) == Some("true")
    }

    /// The last value given.
    pub fn last(&self, long: &str) -> Option<&str> {
        self.given.iter().rev().find(|(name, _)| *name == long).map(|(_, value)| value.as_str())
    }

    /// All values given, in order.
    pub fn all<'a>(&'a self, long: &'a str) -> impl Iterator<Item = &'a str> {
        self.given.iter().filter(move |(name, _)| *name == long).map(|(_, value)| value.as_str())
    }
}

/// Whether flags may follow what is no flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first word that is no flag ends them, as in `docker run [flags] image command`.
    FlagsFirst,
    Mixed,
}

/// Takes a command line apart.
pub fn parse(flags: &[Flag], words: &[String], order: Order) -> Result<Parsed, FlagError> {
    let mut parsed = Parsed::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            parsed.rest.extend(words.cloned());
            break;
        }
        if let Some(text) = word.strip_prefix("--") {
            long(flags, word, text, &mut words, &mut parsed)?;
        } else if word.len() > 1 && word.starts_with('-') {
            letters(flags, &word[1..], &mut words, &mut parsed)?;
        } else {
            parsed.rest.push(word.clone());
            if order == Order::FlagsFirst {
                parsed.rest.extend(words.cloned());
                break;
            }
        }
    }
    Ok(parsed)
}

fn long<'a>(
    flags: &[Flag],
    word: &str,
    text: &str,
    words: &mut impl Iterator<Item = &'a String>,
    parsed: &mut Parsed,
) -> Result<(), FlagError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() || name.starts_with('-') {
        return Err(FlagError::Syntax(word.to_owned()));
    }
    let flag = flags.iter().find(|flag| flag.long == name).ok_or_else(|| FlagError::Unknown(name.to_owned()))?;
    let value = match (flag.takes, value) {
        (Takes::Nothing, value) => switch(flag, value)?,
        (Takes::Value, Some(value)) => value,
        (Takes::Value, None) => words.next().cloned().ok_or_else(|| FlagError::NeedsValue(name.to_owned()))?,
    };
    parsed.given.push((flag.long, value));
    Ok(())
}

fn letters<'a>(
    flags: &[Flag],
    group: &str,
    words: &mut impl Iterator<Item = &'a String>,
    parsed: &mut Parsed,
) -> Result<(), FlagError> {
    let mut rest = group;
    while let Some(letter) = rest.chars().next() {
        let flag = flags
            .iter()
            .find(|flag| flag.short == Some(letter))
            .ok_or_else(|| FlagError::UnknownLetter { letter, group: rest.to_owned() })?;
        let group = rest;
        rest = &rest[letter.len_utf8()..];
        if let Some(value) = rest.strip_prefix('=').filter(|_| flag.takes == Takes::Value || rest.len() > 1) {
            let value =
                if flag.takes == Takes::Nothing { switch(flag, Some(value.to_owned()))? } else { value.to_owned() };
            parsed.given.push((flag.long, value));
            return Ok(());
        }
        match flag.takes {
            Takes::Nothing => parsed.given.push((flag.long, "true".into())),
            Takes::Value => {
                let value = match rest {
                    "" => words
                        .next()
                        .cloned()
                        .ok_or_else(|| FlagError::LetterNeedsValue { letter, group: group.to_owned() })?,
                    value => value.to_owned(),
                };
                parsed.given.push((flag.long, value));
                return Ok(());
            }
        }
    }
    Ok(())
}

fn switch(flag: &Flag, value: Option<String>) -> Result<String, FlagError> {
    let Some(value) = value else { return Ok("true".into()) };
    let on = match value.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => "true",
        "0" | "f" | "F" | "false" | "FALSE" | "False" => "false",
        _ => {
            let why = format!("strconv.ParseBool: parsing {value:?}: invalid syntax");
            return Err(FlagError::Value { flag: flag.spelled(), value, why });
        }
    };
    Ok(on.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag::value("env").short('e'),
        Flag::switch("interactive").short('i'),
        Flag::switch("tty").short('t'),
        Flag::value("name"),
    ];

    fn read(line: &str, order: Order) -> Result<Parsed, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(FLAGS, &words, order).map_err(|error| error.to_string())
    }

    #[test]
    fn all_spellings() {
        let parsed =
            read("-it -eA=1 -e B=2 --env C=3 --env=D=4 -ite=E --tty=false image -x", Order::FlagsFirst).unwrap();
        assert_eq!(parsed.all("env").collect::<Vec<_>>(), ["A=1", "B=2", "C=3", "D=4", "E"]);
        assert!(parsed.on("interactive"));
        assert!(!parsed.on("tty"));
        assert_eq!(parsed.rest, ["image", "-x"]);
    }

    #[test]
    fn flags_anywhere_and_the_end_of_flags() {
        let parsed = read("a --name n b -- --name", Order::Mixed).unwrap();
        assert_eq!(parsed.last("name"), Some("n"));
        assert_eq!(parsed.rest, ["a", "b", "--name"]);
        assert_eq!(read("- a", Order::Mixed).unwrap().rest, ["-", "a"]);
    }

    #[test]
    fn errors_are_dockers() {
        let cases = [
            ("--nam x", "unknown flag: --nam"),
            ("-ix", "unknown shorthand flag: 'x' in -x"),
            ("--name", "flag needs an argument: --name"),
            ("-ie", "flag needs an argument: 'e' in -e"),
            ("--=x", "bad flag syntax: --=x"),
            (
                "--tty=maybe",
                r#"invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid syntax"#,
            ),
        ];
        for (line, error) in cases {
            assert_eq!(read(line, Order::Mixed).unwrap_err(), error, "{line}");
        }
    }
}
