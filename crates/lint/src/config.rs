//! The section `[lint]` of `trunkline.toml`.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;
use span::Severity;

use crate::finding::Confidence;
use crate::project::Protection;
use crate::rule::{Profile, Rule};

/// What a repository says about its rules. Rules are named by id, `group/*`, or another linter's name for them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    pub profile: Option<Profile>,
    /// The least confidence of what is shown.
    pub confidence: Option<Confidence>,
    /// Files that are not linted.
    pub exclude: Patterns,
    /// Rules beyond those of the profile.
    pub enable: Vec<String>,
    pub disable: Vec<String>,
    pub severity: BTreeMap<String, Severity>,
    /// The same for some files only; later ones win.
    pub paths: Vec<PathConfig>,
    /// Labels of self-hosted runners, which may hold `*`.
    pub runner_labels: Vec<String>,
    /// Names of secrets that exist besides those of `[secrets]`, such as those on GitHub.
    pub secrets: Vec<String>,
    /// The same for variables.
    pub vars: Vec<String>,
    /// What the platform asks before something may go into a branch.
    pub protection: Vec<Protection>,
    /// What single rules take, by the rule's id.
    pub rules: BTreeMap<String, toml::Table>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PathConfig {
    pub files: Patterns,
    pub enable: Vec<String>,
    pub disable: Vec<String>,
    pub severity: BTreeMap<String, Severity>,
}

/// Globs over paths from the project's top.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Patterns {
    globs: GlobSet,
}

impl TryFrom<Vec<String>> for Patterns {
    type Error = String;

    fn try_from(patterns: Vec<String>) -> Result<Patterns, String> {
        let mut builder = GlobSetBuilder::new();
        for pattern in &patterns {
            builder.add(Glob::new(pattern).map_err(|error| error.to_string())?);
        }
        Ok(Patterns { globs: builder.build().map_err(|error| error.to_string())? })
    }
}

impl Patterns {
    pub fn matches(&self, path: &str) -> bool {
        self.globs.is_match(path)
    }
}

impl Config {
    /// Every name of a rule that means none, to be told.
    pub fn unknown_rules(&self) -> Vec<&str> {
        let own = self.enable.iter().chain(&self.disable).chain(self.severity.keys()).chain(self.rules.keys());
        let paths =
            self.paths.iter().flat_map(|path| path.enable.iter().chain(&path.disable).chain(path.severity.keys()));
        own.chain(paths)
            .map(String::as_str)
            .filter(|name| !crate::rules::RULES.iter().any(|rule| rule.is_named(name)))
            .collect()
    }

    /// What is wrong with the options of single rules: the option's name, and a sentence. Rules that do not exist are told
    /// by [`Config::unknown_rules`].
    pub fn wrong_options(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (name, table) in &self.rules {
            match crate::rules::RULES.iter().find(|rule| rule.is_named(name)) {
                Some(rule) if rule.id == *name => found.extend(crate::options::problems(name, table)),
                Some(rule) => {
                    found.push((name.clone(), format!("options stand below the rule's id, such as `{}`", rule.id)));
                }
                None => {}
            }
        }
        found
    }

    /// Whether a rule is on for a file, in a profile.
    pub fn is_on(&self, rule: &Rule, path: &str, profile: Profile) -> bool {
        let named = |names: &[String]| names.iter().any(|name| rule.is_named(name));
        let mut on = rule.profile <= profile || named(&self.enable);
        if named(&self.disable) {
            on = false;
        }
        for section in self.paths.iter().filter(|section| section.files.matches(path)) {
            if named(&section.enable) {
                on = true;
            }
            if named(&section.disable) {
                on = false;
            }
        }
        on
    }

    /// Whether a rule was asked for by name, so that the profile of single findings does not hide them.
    pub fn is_asked_for(&self, rule: &Rule, path: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| rule.is_named(name));
        named(&self.enable) || self.paths.iter().any(|section| section.files.matches(path) && named(&section.enable))
    }

    /// The severity that the file says for a rule.
    pub fn severity(&self, rule: &Rule, path: &str) -> Option<Severity> {
        // The closest name counts: the id, another linter's name, the group, all.
        let of = |table: &BTreeMap<String, Severity>| {
            let distance = |name: &str| match name {
                name if name == rule.id => 0,
                "*" => 3,
                name if name.ends_with("/*") => 2,
                _ => 1,
            };
            let named = table.iter().filter(|(name, _)| rule.is_named(name));
            named.min_by_key(|(name, _)| distance(name.trim())).map(|(_, severity)| *severity)
        };
        let special = self.paths.iter().rev().filter(|section| section.files.matches(path));
        special.map(|section| of(&section.severity)).find(Option::is_some).flatten().or_else(|| of(&self.severity))
    }

    /// What the file says to a rule beyond on and off.
    pub fn options(&self, rule: &str) -> Option<&toml::Table> {
        self.rules.get(rule)
    }
}
