//! From the rules and what is known about the run to a version and its tags.

use fancy_regex::RegexBuilder;
use jiff::Timestamp;
use serde_json::Value;

use super::flavor::{Flavor, Latest};
use super::tag::{TagKind, TagRule};
use crate::native::docker::moment;
use crate::native::docker::pep440::PythonVersion;
use crate::native::docker::template::{Names, fill, is_only};
use crate::native::error::{Fault, Result};
use crate::native::semver::Version;

/// How often a pattern of the user's may go back before it is given up.
const PATIENCE: usize = 1_000_000;

/// What the action knows.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) event_name: String,
    pub(crate) git_ref: String,
    pub(crate) sha: String,
    pub(crate) payload: Value,
    pub(crate) default_branch: String,
    pub(crate) now: Timestamp,
    pub(crate) commit_date: Timestamp,
    /// Digits of a short commit id.
    pub(crate) short: usize,
}

impl Facts {
    fn branch(&self) -> Option<&str> {
        self.git_ref.strip_prefix("refs/heads/")
    }

    fn tag(&self) -> Option<&str> {
        self.git_ref.strip_prefix("refs/tags/")
    }

    fn short_sha(&self) -> &str {
        self.sha.get(..self.short).unwrap_or(&self.sha)
    }

    fn base_ref(&self) -> &str {
        let text = |pointer: &str| self.payload.pointer(pointer).and_then(Value::as_str);
        if self.tag().is_some()
            && let Some(base) = text("/base_ref")
        {
            return base.strip_prefix("refs/heads/").unwrap_or(base);
        }
        if self.git_ref.starts_with("refs/pull/") {
            return text("/pull_request/base/ref").unwrap_or_default();
        }
        ""
    }

    fn on_default_branch(&self) -> bool {
        let branch = self.branch().unwrap_or(&self.git_ref);
        if branch.is_empty() {
            return false;
        }
        let default = self.payload.pointer("/repository/default_branch").and_then(Value::as_str);
        // These events are always about the default branch.
        let always = ["create", "discussion", "issues", "schedule"];
        default == Some(branch) || always.iter().any(|name| self.event_name.contains(name))
    }

    /// Fills a template with what any rule may name.
    pub(crate) fn fill(&self, text: &str) -> Result<String> {
        fill(text, self)
    }
}

impl Names for Facts {
    fn value(&self, name: &str, args: &[String], named: &[(String, String)]) -> Result<Option<String>> {
        let yes = |holds: bool| if holds { "true" } else { "false" }.to_owned();
        Ok(Some(match name {
            "branch" => self.branch().unwrap_or_default().to_owned(),
            "tag" => self.tag().unwrap_or_default().to_owned(),
            "sha" => self.short_sha().to_owned(),
            "base_ref" => self.base_ref().to_owned(),
            "is_default_branch" => yes(self.on_default_branch()),
            "is_not_default_branch" => yes(!self.on_default_branch()),
            "date" => date(self.now, args, named)?,
            "commit_date" => date(self.commit_date, args, named)?,
            _ => return Ok(None),
        }))
    }
}

fn date(time: Timestamp, args: &[String], named: &[(String, String)]) -> Result<String> {
    let mut zone = "UTC";
    for (key, value) in named {
        match key.as_str() {
            "tz" => zone = value,
            other => return Err(Fault::Text(format!("Unknown {other} attribute"))),
        }
    }
    moment::format(time, zone, args.first().map_or("", String::as_str))
}

/// What the patterns of one kind of tag may name.
struct Only<F>(F);

impl<F: Fn(&str) -> Option<String>> Names for Only<F> {
    fn value(&self, name: &str, _: &[String], _: &[(String, String)]) -> Result<Option<String>> {
        Ok((self.0)(name))
    }
}

/// Dates alone.
struct Dates<'a>(&'a Facts);

impl Names for Dates<'_> {
    fn value(&self, name: &str, args: &[String], named: &[(String, String)]) -> Result<Option<String>> {
        match name {
            "date" => date(self.0.now, args, named).map(Some),
            "commit_date" => date(self.0.commit_date, args, named).map(Some),
            _ => Ok(None),
        }
    }
}

/// What the tags are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) main: Option<String>,
    pub(crate) partial: Vec<String>,
    pub(crate) latest: bool,
}

pub(crate) struct Maker<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) flavor: &'a Flavor,
    /// Told what is odd but no error.
    pub(crate) warn: &'a dyn Fn(String),
}

impl Maker<'_> {
    pub(crate) fn versions(&self, rules: &[TagRule]) -> Result<Versions> {
        let mut versions = Versions::default();
        let mut latest = None;
        for rule in rules {
            match self.facts.fill(rule.get("enable"))?.as_str() {
                "true" => {}
                "false" => continue,
                other => return Err(Fault::Text(format!("Invalid value for enable attribute: {other}"))),
            }
            let Some((text, auto)) = self.one(rule)? else { continue };
            if text.is_empty() {
                continue;
            }
            let text = sanitized(&text);
            match &versions.main {
                None => versions.main = Some(text),
                Some(main) if *main != text && !versions.partial.contains(&text) => versions.partial.push(text),
                Some(_) => {}
            }
            latest.get_or_insert(match self.flavor.latest {
                Latest::Auto => auto,
                Latest::Always => true,
                Latest::Never => false,
            });
        }
        versions.latest = latest.unwrap_or(false);
        Ok(versions)
    }

    /// The tag of a rule that applies, and whether such a tag is the latest when nothing else is said.
    fn one(&self, rule: &TagRule) -> Result<Option<(String, bool)>> {
        let facts = self.facts;
        let (text, latest) = match rule.kind {
            TagKind::Schedule if facts.event_name.contains("schedule") => {
                (fill(rule.get("pattern"), &Dates(facts))?, false)
            }
            TagKind::Schedule => return Ok(None),
            TagKind::Semver => return self.semver(rule),
            TagKind::Pep440 => return self.pep440(rule),
            TagKind::Match => return self.matched(rule),
            TagKind::Edge => {
                let wanted = match rule.get("branch") {
                    "" => facts.default_branch.as_str(),
                    branch => branch,
                };
                if facts.branch() != Some(wanted) {
                    return Ok(None);
                }
                ("edge".to_owned(), false)
            }
            TagKind::Ref => {
                let (found, latest) = match rule.get("event") {
                    "branch" => (facts.branch(), false),
                    "tag" => (facts.tag(), true),
                    _ => {
                        let number = facts.git_ref.strip_prefix("refs/pull/");
                        (number.map(|rest| rest.strip_suffix("/merge").unwrap_or(rest)), false)
                    }
                };
                match found {
                    Some(found) => (found.to_owned(), latest),
                    None => return Ok(None),
                }
            }
            TagKind::Raw => (facts.fill(rule.get("value"))?, false),
            TagKind::Sha if facts.sha.is_empty() => return Ok(None),
            TagKind::Sha => {
                let long = rule.get("format") == "long";
                (if long { facts.sha.as_str() } else { facts.short_sha() }.to_owned(), false)
            }
        };
        Ok(Some((self.dressed(text, rule)?, latest)))
    }

    /// With prefix and suffix: the rule's, else the flavor's.
    fn dressed(&self, text: String, rule: &TagRule) -> Result<String> {
        let prefix = self.facts.fill(rule.own("prefix").unwrap_or(&self.flavor.prefix))?;
        let suffix = self.facts.fill(rule.own("suffix").unwrap_or(&self.flavor.suffix))?;
        Ok(format!("{prefix}{text}{suffix}"))
    }

    /// What a version is read from: the rule's value, else the tag that was pushed.
    fn source(&self, rule: &TagRule) -> Result<Option<String>> {
        match rule.get("value") {
            "" => Ok(self.facts.tag().map(str::to_owned)),
            value => self.facts.fill(value).map(Some),
        }
    }

    /// The source, cut by `match`, as a tag could have it.
    fn version_text(&self, rule: &TagRule) -> Result<Option<String>> {
        let Some(mut text) = self.source(rule)? else { return Ok(None) };
        let pattern = rule.get("match");
        if !pattern.is_empty() {
            match groups(pattern, "", &text)? {
                Some(found) => text = found.get(1).cloned().flatten().unwrap_or_default(),
                None => (self.warn)(format!("{pattern} does not match {text}.")),
            }
        }
        Ok(Some(text.replace('/', "-")))
    }

    fn semver(&self, rule: &TagRule) -> Result<Option<(String, bool)>> {
        let Some(raw) = self.version_text(rule)? else { return Ok(None) };
        let Some(version) = Version::parse(&raw) else {
            (self.warn)(format!("{raw} is not a valid semver. More info: https://semver.org/"));
            return Ok(None);
        };
        let whole = version.to_string();
        let whole = whole.split('+').next().unwrap_or_default().to_owned();
        let names = Only(|name: &str| {
            Some(match name {
                "raw" => raw.clone(),
                "version" => whole.clone(),
                "major" => version.major.to_string(),
                "minor" => version.minor.to_string(),
                "patch" => version.patch.to_string(),
                "prerelease" => whole.split_once('-').map_or("", |(_, pre)| pre).replace('.', ","),
                _ => return None,
            })
        });
        let pattern = match rule.get("pattern") {
            // A prerelease is known by its whole name only.
            pattern if version.is_prerelease() && !is_only(pattern, "raw") => {
                let _ = pattern;
                "{{version}}"
            }
            pattern => pattern,
        };
        Ok(Some((self.dressed(fill(pattern, &names)?, rule)?, !version.is_prerelease())))
    }

    fn pep440(&self, rule: &TagRule) -> Result<Option<(String, bool)>> {
        let Some(raw) = self.version_text(rule)? else { return Ok(None) };
        let Some(version) = PythonVersion::parse(&raw) else {
            (self.warn)(format!(
                "{raw} does not conform to PEP 440. More info: https://www.python.org/dev/peps/pep-0440"
            ));
            return Ok(None);
        };
        let pattern = rule.get("pattern");
        let text = if !version.special {
            let names = Only(|name: &str| {
                Some(match name {
                    "raw" => raw.clone(),
                    "version" => version.clean.clone(),
                    "major" => version.part(0).to_string(),
                    "minor" => version.part(1).to_string(),
                    "patch" => version.part(2).to_string(),
                    _ => return None,
                })
            });
            fill(pattern, &names)?
        } else if is_only(pattern, "raw") {
            raw.clone()
        } else {
            version.clean.clone()
        };
        Ok(Some((self.dressed(text, rule)?, !version.special)))
    }

    fn matched(&self, rule: &TagRule) -> Result<Option<(String, bool)>> {
        let Some(text) = self.source(rule)? else { return Ok(None) };
        let pattern = rule.get("pattern");
        let literal =
            pattern.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')).filter(|(body, _)| !body.is_empty());
        let (body, flags) = literal.unwrap_or((pattern, ""));
        let Some(found) = groups(body, flags, &text)? else {
            (self.warn)(format!("{pattern} does not match {text}."));
            return Ok(None);
        };
        let group = rule.get("group").parse::<usize>().unwrap_or(0);
        let Some(found) = found.into_iter().nth(group).flatten() else {
            (self.warn)(format!("Group {group} does not exist for {pattern} pattern."));
            return Ok(None);
        };
        Ok(Some((self.dressed(found, rule)?, true)))
    }
}

/// The groups of the first match of a JavaScript pattern; with the flag `g`, all matches.
fn groups(pattern: &str, flags: &str, text: &str) -> Result<Option<Vec<Option<String>>>> {
    let refuse = |why: String| Fault::Text(format!("the pattern `{pattern}` is not valid: {why}"));
    let mut inline = String::new();
    for flag in flags.chars() {
        match flag {
            'i' | 'm' | 's' => inline.push(flag),
            'g' | 'u' | 'y' | 'd' => {}
            other => return Err(refuse(format!("there is no flag `{other}`"))),
        }
    }
    let ascii = ascii_classes(pattern);
    let whole = if inline.is_empty() { ascii } else { format!("(?{inline}){ascii}") };
    let compiled = RegexBuilder::new(&whole).backtrack_limit(PATIENCE).build();
    let compiled = compiled.map_err(|error| refuse(error.to_string()))?;
    if flags.contains('g') {
        let all = compiled.find_iter(text).map(|found| found.map(|found| Some(found.as_str().to_owned())));
        let all = all.collect::<Result<Vec<_>, _>>().map_err(|error| refuse(error.to_string()))?;
        return Ok(Some(all).filter(|all| !all.is_empty()));
    }
    let found = compiled.captures(text).map_err(|error| refuse(error.to_string()))?;
    Ok(found.map(|found| found.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect()))
}

/// `\d` and `\w` are ASCII in JavaScript.
fn ascii_classes(pattern: &str) -> String {
    let mut out = String::new();
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                let next = chars.next();
                let plain = match next {
                    Some('d') => Some("0-9"),
                    Some('w') => Some("A-Za-z0-9_"),
                    _ => None,
                };
                match (plain, next) {
                    (Some(plain), _) if in_class => out.push_str(plain),
                    (Some(plain), _) => out.push_str(&format!("[{plain}]")),
                    // JavaScript takes it as itself.
                    (None, Some(other @ ('/' | '-' | ':' | '_' | '"' | '\'' | '@' | '=' | '<' | '>'))) => {
                        out.push_str(&regex::escape(&other.to_string()));
                    }
                    (None, Some(other)) => out.extend(['\\', other]),
                    (None, None) => out.push('\\'),
                }
            }
            '[' if !in_class => {
                in_class = true;
                out.push('[');
            }
            // No nested classes and no set operations there.
            '[' => out.push_str("\\["),
            '&' | '~' if in_class => out.extend(['\\', char]),
            ']' => {
                in_class = false;
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

/// What a tag may not hold becomes `-`.
pub(crate) fn sanitized(text: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    for char in text.chars() {
        let good = char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
        if good {
            out.push(char);
        } else if !open {
            out.push('-');
        }
        open = !good;
    }
    out
}
