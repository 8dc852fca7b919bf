use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{FILE, bytes, choice, position};
use crate::failure::Failure;

/// `[registry.serve]`: what `trunkline registry serve` offers, and to whom.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RegistryServe {
    /// `127.0.0.1:5000`
    pub(crate) listen: Option<String>,
    /// Relative to the file, as all paths here.
    pub(crate) root: Option<PathBuf>,
    pub(crate) read_only: bool,
    pub(crate) deletes: Option<bool>,
    /// Accept manifests that refer to what was not pushed.
    pub(crate) sparse: bool,
    /// `8m`
    max_manifest: Option<Spanned<String>>,
    max_blob: Option<Spanned<String>>,
    pub(crate) public_url: Option<String>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    /// An htpasswd file.
    pub(crate) users: Option<PathBuf>,
    /// `nothing`, `pull` or `all`.
    anonymous: Option<Spanned<String>>,
    /// `token` or `basic`.
    challenge: Option<Spanned<String>>,
    token_life: Option<Spanned<String>>,
    access: Vec<Access>,
    collect: Collect,
    upstream: Vec<Upstream>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    repositories: Vec<String>,
    users: Vec<String>,
    /// `pull`, `push`, `delete`.
    actions: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Collect {
    /// `24h`; `never`.
    every: Option<Spanned<String>>,
    grace: Option<Spanned<String>>,
    /// `never` keeps them.
    untagged: Option<Spanned<String>>,
    uploads: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Upstream {
    prefix: Spanned<String>,
    /// The prefix, where it is left out.
    host: Option<String>,
    fresh: Option<Spanned<String>>,
}

const NEVER: &str = "never";

impl RegistryServe {
    pub(super) fn check(&self, text: &str) -> Result<(), Failure> {
        for (key, value, allowed) in [
            ("anonymous", &self.anonymous, &["nothing", "pull", "all"][..]),
            ("challenge", &self.challenge, &["token", "basic"][..]),
        ] {
            if let Some(value) = value {
                choice(text, value, allowed, &format!("registry.serve.{key}"))?;
            }
        }
        for rule in &self.access {
            for action in &rule.actions {
                choice(text, action, &["pull", "push", "delete"], "registry.serve.access.actions")?;
            }
        }
        let sizes = [("max_manifest", &self.max_manifest), ("max_blob", &self.max_blob)];
        for (key, value) in sizes.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
            if bytes(value.get_ref()).is_none() {
                return Err(refuse(text, key, value, "a size such as 512m or 2g"));
            }
        }
        let mut times = vec![
            ("token_life", &self.token_life, false),
            ("collect.every", &self.collect.every, true),
            ("collect.grace", &self.collect.grace, false),
            ("collect.untagged", &self.collect.untagged, true),
            ("collect.uploads", &self.collect.uploads, false),
        ];
        times.extend(self.upstream.iter().map(|upstream| ("upstream.fresh", &upstream.fresh, false)));
        for (key, value, never) in times {
            if let Some(value) = value
                && duration(value.get_ref()).is_none()
                && !(never && value.get_ref() == NEVER)
            {
                let also = if never { ", or `never`" } else { "" };
                return Err(refuse(text, key, value, &format!("a time such as 30s, 5m, 24h or 30d{also}")));
            }
        }
        for upstream in &self.upstream {
            if upstream.prefix.get_ref().parse::<registry::Repository>().is_err() {
                return Err(refuse(
                    text,
                    "upstream.prefix",
                    &upstream.prefix,
                    "the beginning of names such as docker.io",
                ));
            }
        }
        Ok(())
    }

    /// As the registry wants it. Relative paths are those of `base`; `users` is the users file where none is named.
    pub(crate) fn config(&self, root: PathBuf, base: &Path) -> registry::Config {
        let users = self.users.as_ref().map_or_else(|| root.join("users"), |users| base.join(users));
        let has_users = self.users.is_some() || users.exists();
        let mut config = registry::Config::new(root);
        config.read_only = self.read_only;
        config.deletes = self.deletes.unwrap_or(true);
        config.sparse = self.sparse;
        config.public_url.clone_from(&self.public_url);
        config.max_blob = self.max_blob.as_ref().and_then(|size| bytes(size.get_ref()));
        if let Some(size) = self.max_manifest.as_ref().and_then(|size| bytes(size.get_ref())) {
            config.max_manifest = size;
        }
        config.access.users = has_users.then_some(users);
        config.access.anonymous = match self.anonymous.as_ref().map(|anonymous| anonymous.get_ref().as_str()) {
            Some("all") => registry::Anonymous::All,
            Some("pull") => registry::Anonymous::Pull,
            Some(_) => registry::Anonymous::Nothing,
            None if has_users || !self.access.is_empty() => registry::Anonymous::Nothing,
            None => registry::Anonymous::All,
        };
        if self.challenge.as_ref().is_some_and(|challenge| challenge.get_ref() == "basic") {
            config.access.challenge = registry::Challenge::Basic;
        }
        if let Some(life) = time(&self.token_life) {
            config.access.token_life = life;
        }
        config.access.rules = self.access.iter().map(Access::rule).collect();
        self.collect.apply(&mut config.collection);
        config.upstreams = self.upstream.iter().map(Upstream::upstream).collect();
        config
    }
}

impl Access {
    fn rule(&self) -> registry::Rule {
        let wanted = |action: &registry::Action| self.actions.iter().any(|name| name.get_ref() == action.name());
        let actions = registry::Action::ALL.into_iter().filter(wanted).collect();
        registry::Rule { repositories: self.repositories.clone(), users: self.users.clone(), actions }
    }
}

impl Collect {
    fn apply(&self, collection: &mut registry::Collection) {
        let never = |value: &Option<Spanned<String>>| value.as_ref().is_some_and(|value| value.get_ref() == NEVER);
        if self.every.is_some() {
            collection.every = time(&self.every).filter(|_| !never(&self.every));
        }
        collection.untagged = time(&self.untagged);
        collection.grace = time(&self.grace).unwrap_or(collection.grace);
        collection.uploads = time(&self.uploads).unwrap_or(collection.uploads);
    }
}

impl Upstream {
    fn upstream(&self) -> registry::Upstream {
        let prefix = self.prefix.get_ref().clone();
        let host = self.host.clone().unwrap_or_else(|| prefix.clone());
        registry::Upstream { prefix, host, fresh: time(&self.fresh).unwrap_or(Duration::from_secs(300)) }
    }
}

fn time(value: &Option<Spanned<String>>) -> Option<Duration> {
    value.as_ref().and_then(|value| duration(value.get_ref()))
}

/// `30s`, `5m`, `24h`, `30d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds = match text.char_indices().last()? {
        (_, 's') => 1,
        (_, 'm') => 60,
        (_, 'h') => 3600,
        (_, 'd') => 24 * 3600,
        _ => return None,
    };
    text[..text.len() - 1].trim().parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

fn refuse(text: &str, key: &str, value: &Spanned<String>, expected: &str) -> Failure {
    let place = position(text, value.span().start);
    Failure::invalid(format!("{FILE}{place}: registry.serve.{key} is {expected}, not `{}`", value.get_ref()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use registry::{Action, Anonymous, Challenge, Collection, Rule, Upstream};

    use super::super::Config;
    use super::duration;

    #[test]
    fn times() {
        for (text, expected) in [
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("1h", Some(3600)),
            ("2d", Some(172_800)),
            ("5", None),
            ("m", None),
            ("é", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, expected) in [
            (
                "[registry.serve]\nanonymous = \"yes\"",
                "trunkline.toml:2:13: registry.serve.anonymous is nothing or pull or all, not `yes`",
            ),
            (
                "[registry.serve]\nmax_blob = \"x\"",
                "trunkline.toml:2:12: registry.serve.max_blob is a size such as 512m or 2g, not `x`",
            ),
            (
                "[registry.serve.collect]\ngrace = \"never\"",
                "trunkline.toml:2:9: registry.serve.collect.grace is a time such as 30s, 5m, 24h or 30d, not `never`",
            ),
            (
                "[[registry.serve.access]]\nrepositories = []\nusers = []\nactions = [\"read\"]",
                "trunkline.toml:4:12: registry.serve.access.actions is pull or push or delete, not `read`",
            ),
            (
                "[[registry.serve.upstream]]\nprefix = \"Docker\"",
                "trunkline.toml:2:10: registry.serve.upstream.prefix is the beginning of names such as docker.io, not `Docker`",
            ),
        ] {
            assert_eq!(Config::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn everything_said_reaches_the_registry() {
        let text = "[registry.serve]\nread_only = true\ndeletes = false\nmax_blob = \"1g\"\nusers = \"people\"\nanonymous = \"pull\"\n\
                    challenge = \"basic\"\ntoken_life = \"1h\"\n[registry.serve.collect]\nevery = \"never\"\nuntagged = \"30d\"\n\
                    [[registry.serve.access]]\nrepositories = [\"a/**\"]\nusers = [\"ann\"]\nactions = [\"pull\", \"push\"]\n\
                    [[registry.serve.upstream]]\nprefix = \"docker.io\"\nfresh = \"10m\"";
        let config = Config::parse(text).unwrap().registry.serve.config("/r".into(), Path::new("/etc/t"));
        assert_eq!((config.read_only, config.deletes, config.max_blob), (true, false, Some(1 << 30)));
        let access = &config.access;
        assert_eq!((access.users.as_deref(), access.anonymous), (Some(Path::new("/etc/t/people")), Anonymous::Pull));
        assert_eq!((access.challenge, access.token_life), (Challenge::Basic, Duration::from_secs(3600)));
        let rule = Rule {
            repositories: vec!["a/**".to_owned()],
            users: vec!["ann".to_owned()],
            actions: vec![Action::Pull, Action::Push],
        };
        assert_eq!(access.rules, [rule]);
        let thirty_days = Duration::from_secs(30 * 24 * 3600);
        let collection = Collection { every: None, untagged: Some(thirty_days), ..Collection::default() };
        assert_eq!(config.collection, collection);
        let fresh = Duration::from_secs(600);
        assert_eq!(config.upstreams, [Upstream { prefix: "docker.io".into(), host: "docker.io".into(), fresh }]);
    }
}
