//! Versions and ranges as npm's semver reads them: it is what the setup actions resolve requests with.

use std::cmp::Ordering;
use std::fmt;

/// The largest number in a version, as npm has it: exact in JavaScript.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// `1.2.3-rc.1+5`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
    pre: Vec<Part>,
    build: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    // The order of the variants is that of semver: numbers before words.
    Number(u64),
    Word(String),
}

impl Version {
    pub(crate) const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch, pre: Vec::new(), build: String::new() }
    }

    /// A complete version, with `v` or `=` in front or not.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let partial = Partial::parse(text)?;
        let (Some(major), Some(minor), Some(patch)) = (partial.major, partial.minor, partial.patch) else {
            return None;
        };
        Some(Self { major, minor, patch, pre: partial.pre, build: partial.build })
    }

    /// As [`Version::parse`], missing parts being 0.
    pub(crate) fn lenient(text: &str) -> Option<Self> {
        let partial = Partial::parse(text)?;
        let (minor, patch) = (partial.minor.unwrap_or(0), partial.patch.unwrap_or(0));
        Some(Self { major: partial.major?, minor, patch, pre: partial.pre, build: partial.build })
    }

    pub(crate) fn is_prerelease(&self) -> bool {
        !self.pre.is_empty()
    }

    fn core(&self) -> (u64, u64, u64) {
        (self.major, self.minor, self.patch)
    }

    /// The lowest of all versions with these numbers, prereleases included: for upper bounds.
    fn floor(major: u64, minor: u64, patch: u64) -> Self {
        Self { pre: vec![Part::Number(0)], ..Self::new(major, minor, patch) }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let pre = || match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.pre.cmp(&other.pre),
        };
        // Builds only settle what is equal otherwise.
        let build = || build_parts(&self.build).cmp(&build_parts(&other.build));
        self.core().cmp(&other.core()).then_with(pre).then_with(build)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        for (index, part) in self.pre.iter().enumerate() {
            f.write_str(if index == 0 { "-" } else { "." })?;
            match part {
                Part::Number(number) => write!(f, "{number}")?,
                Part::Word(word) => f.write_str(word)?,
            }
        }
        if self.build.is_empty() { Ok(()) } else { write!(f, "+{}", self.build) }
    }
}

fn build_parts(text: &str) -> Vec<Part> {
    text.split('.').filter(|part| !part.is_empty()).map(part).collect()
}

fn part(text: &str) -> Part {
    text.parse().map_or_else(|_| Part::Word(text.to_owned()), Part::Number)
}

/// A version with parts missing or `x`.
#[derive(Debug, Default)]
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: Vec<Part>,
    build: String,
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['=', 'v', 'V']).trim_start();
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) if !pre.is_empty() => (numbers, pre.split('.').map(part).collect()),
            Some(_) => return None,
            None => (text, Vec::new()),
        };
        let mut found = [None; 3];
        let mut slots = found.iter_mut();
        let mut open = true;
        if numbers.is_empty() {
            return None;
        }
        for number in numbers.split('.') {
            let slot = slots.next()?;
            match number {
                "x" | "X" | "*" => open = false,
                digits if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                    let number = digits.parse().ok().filter(|number| *number <= MAX_NUMBER)?;
                    if open {
                        *slot = Some(number);
                    }
                }
                _ => return None,
            }
        }
        let [major, minor, patch] = found;
        Some(Self { major, minor, patch, pre, build: build.to_owned() })
    }

    fn low(&self) -> Version {
        Version {
            pre: self.pre.clone(),
            ..Version::new(self.major.unwrap_or(0), self.minor.unwrap_or(0), self.patch.unwrap_or(0))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

/// `^1.2 || >=3 <4`
#[derive(Debug, Clone)]
pub(crate) struct Range(Vec<Vec<(Op, Version)>>);

impl Range {
    /// `None` when it is no range.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.split("||").map(alternative).collect::<Option<_>>().map(Self)
    }

    pub(crate) fn matches(&self, version: &Version) -> bool {
        self.0.iter().any(|all| {
            let fits = all.iter().all(|(op, bound)| {
                let order = version.core().cmp(&bound.core()).then_with(|| {
                    Version { build: String::new(), ..version.clone() }
                        .cmp(&Version { build: String::new(), ..bound.clone() })
                });
                match op {
                    Op::Less => order.is_lt(),
                    Op::LessOrEqual => order.is_le(),
                    Op::Equal => order.is_eq() && (bound.build.is_empty() || bound.build == version.build),
                    Op::GreaterOrEqual => order.is_ge(),
                    Op::Greater => order.is_gt(),
                }
            });
            // A prerelease is only taken where one of the same version was asked for.
            let asked = || all.iter().any(|(_, bound)| bound.is_prerelease() && bound.core() == version.core());
            fits && (!version.is_prerelease() || asked())
        })
    }
}

fn alternative(text: &str) -> Option<Vec<(Op, Version)>> {
    if let Some((from, to)) = text.split_once(" - ") {
        let mut all = bounds(">=", &Partial::parse(from)?);
        all.extend(bounds("<=", &Partial::parse(to)?));
        return Some(all);
    }
    // An operator may stand apart from its version.
    let mut words: Vec<String> = Vec::new();
    let mut glue = false;
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        match words.last_mut().filter(|_| glue) {
            Some(last) => last.push_str(word),
            None => words.push(word.to_owned()),
        }
        glue = word.bytes().all(|b| b"<>=~^".contains(&b));
    }
    let mut all = Vec::new();
    for word in &words {
        let end = word.find(|c| !"<>=~^".contains(c)).unwrap_or(word.len());
        let (op, rest) = word.split_at(end);
        if !matches!(op, "" | "=" | "==" | "<" | "<=" | ">" | ">=" | "~" | "~>" | "~=" | "^") {
            return None;
        }
        if rest.is_empty() {
            return None;
        }
        all.extend(bounds(op, &Partial::parse(rest)?));
    }
    Some(all)
}

fn bounds(op: &str, partial: &Partial) -> Vec<(Op, Version)> {
    let low = partial.low();
    let Some(major) = partial.major else {
        return if matches!(op, "<" | ">") { vec![(Op::Less, Version::floor(0, 0, 0))] } else { Vec::new() };
    };
    let next_major = Version::floor(major + 1, 0, 0);
    let next_minor = |minor| Version::floor(major, minor + 1, 0);
    // The end of what a version with missing parts stands for.
    let end = match (partial.minor, partial.patch) {
        (None, _) => Some(next_major.clone()),
        (Some(minor), None) => Some(next_minor(minor)),
        (Some(_), Some(_)) => None,
    };
    let from_to = |to| vec![(Op::GreaterOrEqual, low.clone()), (Op::Less, to)];
    match (op, end) {
        (">=", _) => vec![(Op::GreaterOrEqual, low)],
        ("<", Some(_)) => vec![(Op::Less, Version::floor(low.major, low.minor, low.patch))],
        ("<", None) => vec![(Op::Less, low)],
        (">", Some(end)) => vec![(Op::GreaterOrEqual, Version { pre: Vec::new(), ..end })],
        (">", None) => vec![(Op::Greater, low)],
        ("<=", Some(end)) => vec![(Op::Less, end)],
        ("<=", None) => vec![(Op::LessOrEqual, low)],
        // PEP 440: the last part given may grow.
        ("~=", _) => from_to(match partial.patch {
            Some(_) => next_minor(low.minor),
            None => next_major,
        }),
        ("~" | "~>", Some(end)) => from_to(end),
        ("~" | "~>", None) => from_to(next_minor(low.minor)),
        ("^", end) => from_to(match (major, partial.minor, partial.patch) {
            (0, Some(0), Some(patch)) => Version::floor(0, 0, patch + 1),
            (0, Some(minor), _) => Version::floor(0, minor + 1, 0),
            (0, None, _) => end.unwrap_or(next_major),
            _ => next_major,
        }),
        (_, Some(end)) => from_to(end),
        (_, None) => vec![(Op::Equal, Version { build: partial.build.clone(), ..low })],
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, Version};

    #[test]
    fn ranges() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("1.23", &["1.23.0", "1.23.9"], &["1.24.0", "1.22.9", "1.23.0-rc.1"]),
            ("1.23.4", &["1.23.4"], &["1.23.5"]),
            ("v20", &["20.1.0"], &["21.0.0", "2.0.0"]),
            ("20.x", &["20.1.0"], &["21.0.0"]),
            ("*", &["1.0.0", "99.1.2"], &["1.0.0-beta"]),
            ("^1.2.3", &["1.2.3", "1.9.0"], &["2.0.0", "1.2.2"]),
            ("^0.2.3", &["0.2.9"], &["0.3.0"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4"]),
            ("~1.2.3", &["1.2.9"], &["1.3.0"]),
            ("~1", &["1.9.0"], &["2.0.0"]),
            (">=1.20 <1.22", &["1.20.0", "1.21.9"], &["1.22.0", "1.19.0"]),
            (">= 18", &["18.0.0", "30.0.0"], &["17.9.9"]),
            (">18", &["19.0.0"], &["18.9.0"]),
            ("<=18", &["18.9.0"], &["19.0.0"]),
            ("<18", &["17.9.0"], &["18.0.0", "18.0.0-rc.1"]),
            ("14 || >=16", &["14.1.0", "16.0.0"], &["15.0.0"]),
            ("1.2 - 1.4", &["1.2.0", "1.4.9"], &["1.5.0"]),
            (">=3.8,<3.13", &["3.12.1"], &["3.13.0"]),
            ("~=3.10", &["3.12.0"], &["4.0.0", "3.9.0"]),
            ("==3.11.*", &["3.11.4"], &["3.12.0"]),
            ("~3.13.0-0", &["3.13.0-rc.2", "3.13.1"], &["3.14.0-rc.1"]),
            ("1.23.0-rc.1", &["1.23.0-rc.1"], &["1.23.0"]),
            ("17.0.8+7", &["17.0.8+7"], &["17.0.8+9"]),
        ];
        for (range, yes, no) in table {
            let parsed = Range::parse(range).unwrap();
            for version in *yes {
                assert!(parsed.matches(&Version::parse(version).unwrap()), "{range} {version}");
            }
            for version in *no {
                assert!(!parsed.matches(&Version::parse(version).unwrap()), "{range} {version}");
            }
        }
        for bad in ["latest", "1.2.3.4", ">", "a.b", "1..2", "lts/*", "><1"] {
            assert!(Range::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn order() {
        let sorted = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-rc.2",
            "1.0.0-rc.10",
            "1.0.0",
            "1.0.0+2",
            "1.0.0+10",
            "1.2.0",
            "1.10.0",
        ];
        let mut versions: Vec<Version> = sorted.iter().rev().map(|text| Version::parse(text).unwrap()).collect();
        versions.sort();
        assert_eq!(versions.iter().map(ToString::to_string).collect::<Vec<_>>(), sorted);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(range in "[0-9v.x*<>=~^| ,a+-]{0,24}|.{0,12}", version in "[0-9v.+a-]{0,20}|.{0,8}") {
            let version = Version::parse(&version);
            if let (Some(range), Some(version)) = (Range::parse(&range), version) {
                range.matches(&version);
                proptest::prop_assert_eq!(Version::parse(&version.to_string()), Some(version));
            }
        }
    }
}
