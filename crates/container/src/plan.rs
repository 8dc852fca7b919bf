//! What a container will run, from the image's configuration and the options.

use std::collections::BTreeMap;
use std::time::Duration;

use image::ContainerConfig;

use crate::options::{HealthOptions, Options, Port, expose};
use crate::{Error, Result, signals};

/// Docker's `PATH` for images that set none.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Docker's time between asking a container to stop and killing it.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything about the main process that is known before there is a root.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    /// Without `HOME`, which is the account's when nobody sets it.
    pub env: Vec<(String, String)>,
    pub user: String,
    pub workdir: String,
    pub stop_signal: i32,
    pub stop_timeout: Duration,
    pub health: Option<HealthPlan>,
    pub exposed: Vec<Port>,
    /// Paths that the image wants to be volumes.
    pub volumes: Vec<String>,
    pub labels: BTreeMap<String, String>,
}

/// A health check with all of its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthPlan {
    /// As in `inspect`: `CMD` or `CMD-SHELL` first.
    pub test: Vec<String>,
    pub argv: Vec<String>,
    pub interval: Duration,
    pub timeout: Duration,
    pub start_period: Duration,
    pub start_interval: Duration,
    pub retries: u32,
}

impl Plan {
    /// Merges as docker does. `hostname` goes into the environment.
    pub fn new(config: &ContainerConfig, options: &Options, command: &[String], hostname: &str) -> Result<Self> {
        let (entrypoint, default_command) = match &options.entrypoint {
            // Another entrypoint has nothing to do with the image's command.
            Some(text) if text.is_empty() => (Vec::new(), Vec::new()),
            Some(text) => (vec![text.clone()], Vec::new()),
            None => (config.entrypoint.clone().unwrap_or_default(), config.cmd.clone().unwrap_or_default()),
        };
        let command = if command.is_empty() { default_command } else { command.to_vec() };
        if entrypoint.is_empty() && command.is_empty() {
            return Err(Error::Refused("no command specified".into()));
        }
        let stop_signal =
            options.stop_signal.as_deref().or(config.stop_signal.as_deref()).filter(|text| !text.is_empty());
        let stop_signal = signals::number(stop_signal.unwrap_or("TERM")).map_err(Error::Refused)?;
        let image_timeout =
            config.stop_timeout.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        let mut exposed = options.expose.clone();
        for text in config.exposed_ports.keys() {
            exposed.extend(expose(text).map_err(|why| Error::Refused(format!("ExposedPorts of the image: {why}")))?);
        }
        exposed.extend(options.publish.iter().map(|publish| publish.port));
        exposed.sort_unstable();
        exposed.dedup();
        let mut labels = config.labels.clone();
        labels.extend(options.labels.iter().cloned());
        let workdir = options.workdir.clone().unwrap_or_else(|| config.working_dir.clone());
        Ok(Self {
            entrypoint,
            command,
            env: environment(config, options, hostname),
            user: options.user.clone().unwrap_or_else(|| config.user.clone()),
            workdir: if workdir.starts_with('/') { workdir } else { format!("/{workdir}") },
            stop_signal,
            stop_timeout: options.stop_timeout.or(image_timeout).unwrap_or(STOP_TIMEOUT),
            health: health(config, &options.health)?,
            exposed,
            volumes: config.volumes.keys().cloned().collect(),
            labels,
        })
    }

    /// Program and arguments.
    pub fn argv(&self) -> Vec<String> {
        self.entrypoint.iter().chain(&self.command).cloned().collect()
    }
}

fn environment(config: &ContainerConfig, options: &Options, hostname: &str) -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> =
        vec![("PATH".into(), DEFAULT_PATH.into()), ("HOSTNAME".into(), hostname.into())];
    if options.tty {
        env.push(("TERM".into(), "xterm".into()));
    }
    for entry in &config.env {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        set(&mut env, name, value);
    }
    for (name, value) in &options.env {
        match value {
            Some(value) => set(&mut env, name, value),
            None => env.retain(|(known, _)| known != name),
        }
    }
    env
}

/// Sets a variable where it stands, or at the end.
pub(crate) fn set(env: &mut Vec<(String, String)>, name: &str, value: &str) {
    match env.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => value.clone_into(known),
        None => env.push((name.to_owned(), value.to_owned())),
    }
}

fn health(config: &ContainerConfig, options: &HealthOptions) -> Result<Option<HealthPlan>> {
    if options.disabled {
        return Ok(None);
    }
    let image = config.healthcheck.clone().unwrap_or_default();
    let test = match &options.command {
        Some(command) => vec!["CMD-SHELL".to_owned(), command.clone()],
        None => image.test,
    };
    let shell = || {
        config.shell.clone().filter(|shell| !shell.is_empty()).unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into()])
    };
    let argv = match test.split_first() {
        None => return Ok(None),
        Some((kind, _)) if kind == "NONE" => return Ok(None),
        Some((kind, words)) if kind == "CMD" && !words.is_empty() => words.to_vec(),
        Some((kind, [line])) if kind == "CMD-SHELL" => shell().into_iter().chain([line.clone()]).collect(),
        Some((kind, _)) => return Err(Error::Refused(format!("Unknown healthcheck type {kind:?} (expected 'CMD')"))),
    };
    let of = |option: Option<Duration>, nanos: i64, default| {
        let image = u64::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(Duration::from_nanos);
        option.or(image).unwrap_or(default)
    };
    let retries = u32::try_from(image.retries).ok().filter(|retries| *retries > 0);
    Ok(Some(HealthPlan {
        test,
        argv,
        interval: of(options.interval, image.interval, HealthOptions::INTERVAL),
        timeout: of(options.timeout, image.timeout, HealthOptions::TIMEOUT),
        start_period: of(options.start_period, image.start_period, Duration::ZERO),
        start_interval: of(options.start_interval, image.start_interval, HealthOptions::START_INTERVAL),
        retries: options.retries.or(retries).unwrap_or(HealthOptions::RETRIES),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn entrypoint_and_command() {
        let config =
            ContainerConfig { entrypoint: Some(words("/entry -x")), cmd: Some(words("serve")), ..Default::default() };
        let argv = |entrypoint: Option<&str>, command: &str| {
            let options = Options { entrypoint: entrypoint.map(str::to_owned), ..Options::default() };
            Plan::new(&config, &options, &words(command), "h")
                .map(|plan| plan.argv().join(" "))
                .map_err(|e| e.to_string())
        };
        assert_eq!(argv(None, "").as_deref(), Ok("/entry -x serve"));
        assert_eq!(argv(None, "a b").as_deref(), Ok("/entry -x a b"));
        assert_eq!(argv(Some("sh"), "").as_deref(), Ok("sh"));
        assert_eq!(argv(Some("sh"), "-c x").as_deref(), Ok("sh -c x"));
        assert_eq!(argv(Some(""), "a").as_deref(), Ok("a"));
        assert_eq!(argv(Some(""), "").unwrap_err(), "no command specified");
    }

    #[test]
    fn variables_of_image_and_options() {
        let config = ContainerConfig { env: words("PATH=/bin A=1 B=2 EMPTY"), ..Default::default() };
        let options = Options {
            env: vec![("A".into(), Some("3".into())), ("B".into(), None), ("C".into(), Some("4".into()))],
            entrypoint: Some("x".into()),
            ..Options::default()
        };
        let plan = Plan::new(&config, &options, &[], "box").unwrap();
        let shown: Vec<String> = plan.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["PATH=/bin", "HOSTNAME=box", "A=3", "EMPTY=", "C=4"]);
    }

    #[test]
    fn health_checks() {
        let second = 1_000_000_000;
        let config = ContainerConfig {
            cmd: Some(words("x")),
            healthcheck: Some(image::Healthcheck {
                test: words("CMD probe now"),
                interval: 5 * second,
                retries: 7,
                ..Default::default()
            }),
            ..Default::default()
        };
        let plan = |health| Plan::new(&config, &Options { health, ..Options::default() }, &[], "h").unwrap().health;
        let image = plan(HealthOptions::default()).unwrap();
        assert_eq!(
            (image.argv, image.interval, image.retries, image.timeout),
            (words("probe now"), Duration::from_secs(5), 7, HealthOptions::TIMEOUT)
        );
        let own =
            plan(HealthOptions { command: Some("a | b".into()), retries: Some(1), ..Default::default() }).unwrap();
        assert_eq!(
            (own.argv, own.interval, own.retries),
            (vec!["/bin/sh".to_owned(), "-c".into(), "a | b".into()], Duration::from_secs(5), 1)
        );
        assert_eq!(plan(HealthOptions { disabled: true, ..Default::default() }), None);
    }
}
