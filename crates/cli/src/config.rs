//! `trunkline.toml`: what a repository says about its runs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

pub(crate) mod parsed;
mod registry;
mod registry_serve;
pub(crate) mod runner_file;
pub(crate) mod server_file;

pub(crate) use registry::Registry;
pub(crate) use registry_serve::{RegistryServe, duration};

use crate::failure::Failure;

/// The file's name, at the top of the repository.
pub(crate) const FILE: &str = "trunkline.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) run: Run,
    /// `runs-on` label to `sandbox`, `host` or `image:REFERENCE`.
    pub(crate) platforms: BTreeMap<String, Spanned<String>>,
    pub(crate) actions: Actions,
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, SecretSource>,
    pub(crate) environments: BTreeMap<String, Environment>,
    pub(crate) cache: Cache,
    pub(crate) registry: Registry,
    pub(crate) lint: lint::Config,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Run {
    pub(crate) jobs: Option<usize>,
    /// `host` or `none`.
    pub(crate) network: Option<Spanned<String>>,
    /// `2g`
    pub(crate) memory: Option<Spanned<String>>,
    pub(crate) cpus: Option<f64>,
    pub(crate) pids: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Actions {
    /// `prefer`, `never` or `only`.
    pub(crate) native: Option<Spanned<String>>,
    /// As `--action-source`; directories are relative to the file.
    pub(crate) sources: Vec<String>,
    pub(crate) offline: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cache {
    /// `10g`
    pub(crate) quota: Option<Spanned<String>>,
}

/// Where a secret comes from. The value itself never stands in the file.
#[derive(Clone, Debug)]
pub(crate) enum SecretSource {
    /// A variable of Trunkline's own environment.
    Env(String),
    /// A file; a line break at its end does not count.
    File(String),
    /// What a shell command prints.
    Command(String),
}

const SECRET_FORMS: &str = "a secret's value must not stand in this file; write { env = \"NAME\" }, \
                            { file = \"PATH\" } or { command = \"COMMAND\" }";

/// By hand, since serde's own messages quote what they found: here that could be the secret.
impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let toml::Value::Table(table) = toml::Value::deserialize(deserializer)? else {
            return Err(D::Error::custom(SECRET_FORMS));
        };
        let mut entries = table.into_iter();
        match (entries.next(), entries.next()) {
            (Some((form, toml::Value::String(text))), None) => match form.as_str() {
                "env" => Ok(Self::Env(text)),
                "file" => Ok(Self::File(text)),
                "command" => Ok(Self::Command(text)),
                _ => Err(D::Error::custom(SECRET_FORMS)),
            },
            _ => Err(D::Error::custom(SECRET_FORMS)),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Environment {
    /// Whether somebody at the terminal must agree before a job starts.
    pub(crate) approval: bool,
    /// Patterns of branches that may deploy here; empty means all.
    pub(crate) branches: Vec<String>,
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, SecretSource>,
}

impl Config {
    /// Reads the file; a repository without one gets the defaults.
    pub(crate) fn read(top: &Path) -> Result<Self, Failure> {
        let path = top.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::invalid(format!("{FILE} cannot be read: {error}"))),
        };
        Self::parse(&text)
    }

    /// Reads a file of any name, which must be there.
    pub(crate) fn read_file(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::missing(format!("{shown} cannot be read: {error}")))?;
        Self::parse(&text).map_err(|failure| match failure {
            Failure::Invalid { report } => {
                let rest = report.strip_prefix(FILE).map(str::to_owned);
                Failure::invalid(rest.map_or(report, |rest| format!("{shown}{rest}")))
            }
            other => other,
        })
    }

    /// What is wrong with a file of this text: the place as line and column from 1, and the message.
    pub(crate) fn problem(text: &str) -> Option<((usize, usize), String)> {
        let report = Self::parse(text).err()?.to_string();
        let rest = report.strip_prefix(FILE).unwrap_or(&report);
        // `:LINE:COLUMN: message`, as the messages of this file start.
        let mut parts = rest.splitn(4, ':').skip(1);
        let place = (|| Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)))();
        match (place, parts.next()) {
            (Some(place), Some(message)) => Some((place, message.trim().to_owned())),
            _ => Some(((1, 1), rest.trim_start_matches([':', ' ']).to_owned())),
        }
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let place = error.span().map(|span| position(text, span.start)).unwrap_or_default();
            Failure::invalid(format!("{FILE}{place}: {}", error.message()))
        })?;
        for (label, place) in &config.platforms {
            if let Err(why) = crate::run_command::Where::parse(place.get_ref()) {
                let at = position(text, place.span().start);
                return Err(Failure::invalid(format!("{FILE}{at}: platforms.{label}: {why}")));
            }
        }
        for (key, value, allowed) in [
            ("run.network", &config.run.network, &["host", "none"][..]),
            ("actions.native", &config.actions.native, &["prefer", "never", "only"][..]),
        ] {
            if let Some(value) = value {
                choice(text, value, allowed, key)?;
            }
        }
        for (key, value) in [("run.memory", &config.run.memory), ("cache.quota", &config.cache.quota)] {
            if let Some(value) = value
                && bytes(value.get_ref()).is_none()
            {
                let place = position(text, value.span().start);
                let found = value.get_ref();
                return Err(Failure::invalid(format!(
                    "{FILE}{place}: {key} is a size such as 512m or 2g, not `{found}`"
                )));
            }
        }
        config.registry.check(text)?;
        Ok(config)
    }
}

fn choice(text: &str, value: &Spanned<String>, allowed: &[&str], key: &str) -> Result<(), Failure> {
    if allowed.contains(&value.get_ref().as_str()) {
        return Ok(());
    }
    let place = position(text, value.span().start);
    let allowed = allowed.join(" or ");
    Err(Failure::invalid(format!("{FILE}{place}: {key} is {allowed}, not `{}`", value.get_ref())))
}

/// `:line:column`, both from 1.
fn position(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

/// A size in bytes: digits with an optional k, m, g or t (of 1024).
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix("ib").or(text.strip_suffix('b')).unwrap_or(&text);
    let (digits, shift) = match text.char_indices().last()? {
        (at, 'k') => (&text[..at], 10),
        (at, 'm') => (&text[..at], 20),
        (at, 'g') => (&text[..at], 30),
        (at, 't') => (&text[..at], 40),
        _ => (text, 0),
    };
    digits.trim().parse::<u64>().ok()?.checked_shl(shift).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::{Config, bytes};

    #[test]
    fn sizes() {
        for (text, expected) in
            [("512", Some(512)), ("2g", Some(2 << 30)), ("1 MiB", Some(1 << 20)), ("0", None), ("x", None)]
        {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let table = [
            ("[run]\nnetwork = \"lan\"", "trunkline.toml:2:11: run.network is host or none, not `lan`"),
            ("[run]\nmemory = \"much\"", "trunkline.toml:2:10: run.memory is a size such as 512m or 2g, not `much`"),
            (
                "[platforms]\nx = \"docker\"",
                "trunkline.toml:2:5: platforms.x: a label stands for sandbox, host or image:REFERENCE, not `docker`",
            ),
            (
                "[registry.map]\n\"ghcr.io\" = \"a b\"",
                "trunkline.toml:2:13: registry.map.\"ghcr.io\": `a b` is not the address of a registry (expected \
                 HOST[:PORT][/PREFIX], with http:// or https:// before it if wanted), nor `embedded`",
            ),
            (
                "[registry.mirrors]\n\"docker.io\" = [\"m.example\", \"/\"]",
                "trunkline.toml:2:29: registry.mirrors.\"docker.io\": `/` is not the address of a registry (expected \
                 HOST[:PORT][/PREFIX], with http:// or https:// before it if wanted)",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(Config::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_secret_in_clear_is_refused() {
        let error = Config::parse("[secrets]\nTOKEN = \"abc\"").unwrap_err().to_string();
        assert!(error.contains("trunkline.toml:2:9"), "{error}");
        assert!(!error.contains("abc"), "{error}");
    }
}
