//! The `tags` input: one rule a line.

use indexmap::IndexMap;

use crate::native::docker::list::fields;
use crate::native::error::{Fault, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagKind {
    Schedule,
    Semver,
    Pep440,
    Match,
    Edge,
    Ref,
    Raw,
    Sha,
}

const KINDS: &[(&str, TagKind, &str)] = &[
    ("schedule", TagKind::Schedule, "1000"),
    ("semver", TagKind::Semver, "900"),
    ("pep440", TagKind::Pep440, "900"),
    ("match", TagKind::Match, "800"),
    ("edge", TagKind::Edge, "700"),
    ("ref", TagKind::Ref, "600"),
    ("raw", TagKind::Raw, "200"),
    ("sha", TagKind::Sha, "100"),
];

/// What applies when the input is empty.
const DEFAULT: [&str; 4] = ["type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr"];

/// `type=ref,event=branch,priority=600`
#[derive(Debug, Clone)]
pub(crate) struct TagRule {
    pub(crate) kind: TagKind,
    attributes: IndexMap<String, String>,
}

impl TagRule {
    /// An attribute, empty when it is not set.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// An attribute that was set, be it to nothing.
    pub(crate) fn own(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn name(&self) -> &'static str {
        KINDS.iter().find(|(_, kind, _)| *kind == self.kind).map_or("", |(name, ..)| name)
    }

    fn parse(line: &str) -> Result<Self> {
        let refuse = |what: &str| Fault::Text(format!("{what} for {line}"));
        let mut kind = None;
        let mut attributes = IndexMap::new();
        for field in fields(line)? {
            // An `=` at the beginning separates nothing.
            let equals = field.char_indices().skip(1).find(|(_, char)| *char == '=').map(|(at, _)| at);
            let Some(equals) = equals else {
                attributes.insert("value".to_owned(), field.trim().to_owned());
                continue;
            };
            let (key, value) = (field[..equals].trim().to_lowercase(), field[equals + 1..].trim());
            if key == "type" {
                let known = KINDS.iter().find(|(name, ..)| *name == value);
                let known = known.ok_or_else(|| Fault::Text(format!("Unknown tag type attribute: {value}")))?;
                kind = Some(known.1);
            } else {
                attributes.insert(key, value.to_owned());
            }
        }
        let kind = kind.unwrap_or(TagKind::Raw);
        let needs = |attributes: &IndexMap<String, String>, name: &str| match attributes.contains_key(name) {
            true => Ok(()),
            false => Err(refuse(&format!("Missing {name} attribute"))),
        };
        let default = |attributes: &mut IndexMap<String, String>, name: &str, value: &str| {
            attributes.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        };
        match kind {
            TagKind::Schedule => default(&mut attributes, "pattern", "nightly"),
            TagKind::Semver | TagKind::Pep440 => {
                needs(&attributes, "pattern")?;
                default(&mut attributes, "value", "");
                default(&mut attributes, "match", "");
            }
            TagKind::Match => {
                needs(&attributes, "pattern")?;
                default(&mut attributes, "group", "0");
                if attributes["group"].parse::<usize>().is_err() {
                    return Err(refuse("Invalid match group"));
                }
                default(&mut attributes, "value", "");
            }
            TagKind::Edge => default(&mut attributes, "branch", ""),
            TagKind::Ref => {
                needs(&attributes, "event")?;
                match attributes["event"].as_str() {
                    "branch" | "tag" => {}
                    "pr" => default(&mut attributes, "prefix", "pr-"),
                    _ => return Err(refuse("Invalid event")),
                }
            }
            TagKind::Raw => needs(&attributes, "value")?,
            TagKind::Sha => {
                default(&mut attributes, "prefix", "sha-");
                default(&mut attributes, "format", "short");
                if !matches!(attributes["format"].as_str(), "short" | "long") {
                    return Err(refuse("Invalid format"));
                }
            }
        }
        default(&mut attributes, "enable", "true");
        let priority = KINDS.iter().find(|(_, known, _)| *known == kind).map_or("", |(.., priority)| priority);
        default(&mut attributes, "priority", priority);
        Ok(Self { kind, attributes })
    }

    fn priority(&self) -> f64 {
        self.get("priority").parse().unwrap_or(f64::NAN)
    }
}

impl std::fmt::Display for TagRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "type={}", self.name())?;
        self.attributes.iter().try_for_each(|(name, value)| write!(f, ",{name}={value}"))
    }
}

/// The rules, those of high priority first.
pub(crate) fn rules(lines: &[String]) -> Result<Vec<TagRule>> {
    let mut rules = if lines.is_empty() {
        DEFAULT.iter().map(|line| TagRule::parse(line)).collect::<Result<Vec<_>>>()?
    } else {
        lines.iter().map(|line| TagRule::parse(line)).collect::<Result<Vec<_>>>()?
    };
    // What is no number compares as equal, and the order stays.
    rules.sort_by(|a, b| b.priority().partial_cmp(&a.priority()).unwrap_or(std::cmp::Ordering::Equal));
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_get_their_defaults() {
        for (line, want) in [
            ("type=schedule", "type=schedule,pattern=nightly,enable=true,priority=1000"),
            (
                "type=semver,pattern={{version}}",
                "type=semver,pattern={{version}},value=,match=,enable=true,priority=900",
            ),
            ("type=match,pattern=\\d.\\d", "type=match,pattern=\\d.\\d,group=0,value=,enable=true,priority=800"),
            ("type=edge", "type=edge,branch=,enable=true,priority=700"),
            ("type=ref,event=pr", "type=ref,event=pr,prefix=pr-,enable=true,priority=600"),
            ("type=sha,prefix=", "type=sha,prefix=,format=short,enable=true,priority=100"),
            ("foo", "type=raw,value=foo,enable=true,priority=200"),
            ("type=raw,Value=a=b,priority=5", "type=raw,value=a=b,priority=5,enable=true"),
            ("type=raw,\"value={{date 'a,b'}}\"", "type=raw,value={{date 'a,b'}},enable=true,priority=200"),
        ] {
            assert_eq!(TagRule::parse(line).unwrap().to_string(), want, "{line}");
        }
    }

    #[test]
    fn mistakes() {
        for (line, want) in [
            ("type=docker", "Unknown tag type attribute: docker"),
            ("type=semver", "Missing pattern attribute for type=semver"),
            ("type=match", "Missing pattern attribute for type=match"),
            ("type=match,pattern=x,group=y", "Invalid match group for type=match,pattern=x,group=y"),
            ("type=ref", "Missing event attribute for type=ref"),
            ("type=ref,event=push", "Invalid event for type=ref,event=push"),
            ("type=raw", "Missing value attribute for type=raw"),
            ("type=sha,format=tiny", "Invalid format for type=sha,format=tiny"),
        ] {
            assert_eq!(TagRule::parse(line).unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn priority_decides_the_order() {
        let lines = ["type=sha", "type=raw,value=a", "type=raw,value=b,priority=950", "type=semver,pattern=x"];
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let order: Vec<_> = rules(&lines).unwrap().iter().map(|rule| rule.get("value").to_owned()).collect();
        assert_eq!(order, ["b", "", "a", ""]);
        assert_eq!(rules(&[]).unwrap().len(), 4);
    }
}
