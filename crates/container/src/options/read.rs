//! From flags to [`Options`].

use std::time::Duration;

use super::flag_table::FLAGS;
use super::{
    HealthOptions, LogDriver, NetworkMode, OptionError, Options, Pull, Restart, Surroundings, duration, limits, mount,
    port, size,
};
use crate::flags::{FlagError, Parsed};
use crate::signals;

/// Docker's lower bound for `--memory`.
const LEAST_MEMORY: u64 = 6 << 20;
/// Docker's lower bound for durations of health checks.
const LEAST_HEALTH: Duration = Duration::from_millis(1);

pub(super) fn options(parsed: &Parsed, surroundings: &Surroundings<'_>) -> Result<Options, OptionError> {
    let mut options = Options::default();
    // docker puts the variables of files before all others.
    for (name, value) in &parsed.given {
        match *name {
            "env-file" => env_file(value, surroundings, &mut options.env)?,
            "label-file" => label_file(value, surroundings, &mut options.labels)?,
            _ => {}
        }
    }
    let mut cpu = (None, None);
    for (name, value) in &parsed.given {
        one(name, value, surroundings, &mut options, &mut cpu).map_err(|why| invalid(name, value, why))?;
    }
    if let (period, Some(quota)) = cpu {
        if options.cpus.is_some() {
            return Err(OptionError::Wrong("conflicting options: --cpus and --cpu-quota cannot both be set".into()));
        }
        options.cpus = Some(quota as f64 / period.unwrap_or(100_000) as f64);
    }
    check(parsed, &options)?;
    Ok(options)
}

fn invalid(name: &str, value: &str, why: String) -> OptionError {
    let flag = FLAGS.iter().find(|(flag, _)| flag.long == name);
    let flag = flag.map_or_else(|| format!("--{name}"), |(flag, _)| flag.spelled());
    OptionError::Flag(FlagError::Value { flag, value: value.to_owned(), why })
}

fn one(
    name: &str,
    value: &str,
    surroundings: &Surroundings<'_>,
    options: &mut Options,
    cpu: &mut (Option<u64>, Option<u64>),
) -> Result<(), String> {
    let on = value == "true";
    let text = || value.to_owned();
    match name {
        "add-host" => options.extra_hosts.push(extra_host(value)?),
        "attach" => match value.to_ascii_lowercase().as_str() {
            stream @ ("stdin" | "stdout" | "stderr") => options.attach.push(stream.to_owned()),
            _ => return Err("valid streams are STDIN, STDOUT and STDERR".into()),
        },
        "cap-add" => options.cap_add.push(text()),
        "cap-drop" => options.cap_drop.push(text()),
        "cidfile" => options.cidfile = Some(text()),
        "cpu-period" => cpu.0 = Some(whole(value)?).filter(|period| *period > 0),
        "cpu-quota" => cpu.1 = Some(whole(value)?).filter(|quota| *quota > 0),
        "cpus" => options.cpus = cpus(value)?,
        "detach" => options.detach = on,
        "device" => options.devices.push(device(value)?),
        "dns" => options.dns.push(value.parse().map_err(|_| format!("{value} is not an ip address"))?),
        "dns-opt" | "dns-option" => options.dns_options.push(text()),
        "dns-search" => options.dns_search.push(text()),
        "entrypoint" => options.entrypoint = Some(text()),
        "env" => options.env.push(env(value, surroundings)?),
        "expose" => options.expose.extend(port::expose(value)?),
        "group-add" => options.groups.push(text()),
        "health-cmd" => options.health.command = Some(text()),
        "health-interval" => options.health.interval = health_duration(value)?,
        "health-timeout" => options.health.timeout = health_duration(value)?,
        "health-start-period" => options.health.start_period = health_duration(value)?,
        "health-start-interval" => options.health.start_interval = health_duration(value)?,
        "health-retries" => {
            let retries: u32 = value.parse().map_err(|_| "must be a whole number that is not negative".to_owned())?;
            options.health.retries = Some(retries).filter(|retries| *retries > 0);
        }
        "help" => options.help = on,
        "hostname" => options.hostname = Some(hostname(value)?),
        "init" => options.init = on,
        "interactive" => options.interactive = on,
        "ip" => options.address = Some(value.parse().map_err(|_| format!("{value} is not an IPv4 address"))?),
        "ipc" if matches!(value, "" | "private" | "shareable") => {}
        "ipc" => return Err("each container has an IPC namespace of its own".into()),
        "label" => options.labels.push(label(value)?),
        "link" => {
            let (from, alias) = value.split_once(':').unwrap_or((value, value));
            options.links.push((from.to_owned(), alias.to_owned()));
        }
        "log-driver" => {
            options.log_driver = match value {
                "" | "json-file" | "local" => LogDriver::File,
                "none" => LogDriver::None,
                _ => return Err("output goes to a file (json-file, local) or nowhere (none)".into()),
            };
        }
        "log-opt" => log_option(value, options)?,
        "memory" => match size::parse(value)? {
            0 => options.memory = None,
            bytes if bytes < LEAST_MEMORY => return Err("minimum memory limit allowed is 6MB".into()),
            bytes => options.memory = Some(bytes),
        },
        "mount" => options.mounts.push(mount::mount(value)?),
        "name" => options.name = Some(container_name(value)?),
        "net" | "network" => network(value, options)?,
        "net-alias" | "network-alias" => options.aliases.push(text()),
        "no-healthcheck" => options.health.disabled = on,
        "pids-limit" => {
            let limit: i64 = value.parse().map_err(|_| "must be a whole number".to_owned())?;
            options.pids = u64::try_from(limit).ok().filter(|limit| *limit > 0);
        }
        "platform" => options.platform = Some(text()),
        "privileged" => options.privileged = on,
        "publish" => options.publish.extend(port::publish(value)?),
        "publish-all" => options.publish_all = on,
        "pull" => {
            options.pull = match value {
                "always" => Pull::Always,
                "missing" => Pull::Missing,
                "never" => Pull::Never,
                _ => return Err(r#"must be one of "always", "missing" or "never""#.into()),
            };
        }
        "quiet" => options.quiet = on,
        "read-only" => options.read_only = on,
        "restart" => options.restart = restart(value)?,
        "rm" => options.auto_remove = on,
        "security-opt" => security(value, options)?,
        "shm-size" => options.shm_size = Some(size::parse(value)?).filter(|bytes| *bytes > 0),
        "sig-proxy" => options.sig_proxy = Some(on),
        "stop-signal" => {
            signals::number(value)?;
            options.stop_signal = Some(text());
        }
        "stop-timeout" => options.stop_timeout = Some(Duration::from_secs(whole(value)?)),
        "sysctl" => {
            let (key, value) = value.split_once('=').ok_or("must be name=value")?;
            let own = ["net.", "kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|start| key.starts_with(start));
            if !own && key != "kernel.sem" {
                return Err(format!("sysctl '{key}' is not allowed: it would be the host's"));
            }
            options.sysctls.push((key.to_owned(), value.to_owned()));
        }
        "tmpfs" => options.mounts.push(mount::tmpfs(value)?),
        "tty" => options.tty = on,
        "ulimit" => {
            let limit = limits::ulimit(value)?;
            options.ulimits.retain(|known| known.resource != limit.resource);
            options.ulimits.push(limit);
        }
        "user" => options.user = Some(text()),
        "volume" => options.mounts.push(mount::volume(value)?),
        "volume-driver" if matches!(value, "" | "local") => {}
        "volume-driver" => return Err("there is one driver, local".into()),
        "volumes-from" => options.volumes_from.push(text()),
        "workdir" if value.starts_with('/') => options.workdir = Some(text()),
        "workdir" => {
            return Err(format!("the working directory '{value}' is invalid, it needs to be an absolute path"));
        }
        _ => {}
    }
    Ok(())
}

/// What concerns several options at once.
fn check(parsed: &Parsed, options: &Options) -> Result<(), OptionError> {
    let wrong = |text: &str| Err(OptionError::Wrong(text.to_owned()));
    limits::capabilities(&options.cap_add, &options.cap_drop, options.privileged).map_err(OptionError::Wrong)?;
    if let Some(swap) = parsed.last("memory-swap") {
        let Some(memory) = options.memory else {
            return wrong("You should always set the Memory limit when using Memoryswap limit, see usage");
        };
        if size::parse(swap).map_err(|why| invalid("memory-swap", swap, why))? != memory {
            let why = "a container with a memory limit gets no swap, so it must be the same as --memory";
            return Err(OptionError::NotHonoured { option: "memory-swap", why });
        }
    }
    if options.health.disabled && options.health.any() {
        return wrong("--no-healthcheck conflicts with --health-* options");
    }
    if options.auto_remove && options.restart != Restart::No {
        return wrong("conflicting options: cannot specify both --restart and --rm");
    }
    if options.detach && !options.attach.is_empty() {
        return wrong("conflicting options: cannot specify both --attach and --detach");
    }
    let joins = matches!(options.network, NetworkMode::Host | NetworkMode::None | NetworkMode::Container(_));
    if joins && !(options.aliases.is_empty() && options.links.is_empty()) {
        return wrong("conflicting options: aliases and links need a network that has names");
    }
    if options.address.is_some() && !matches!(options.network, NetworkMode::Named(_)) {
        return wrong("user specified IP address is supported on user defined networks only");
    }
    let mut targets: Vec<&str> = options.mounts.iter().map(|mount| mount.target.trim_end_matches('/')).collect();
    targets.sort_unstable();
    if let Some(pair) = targets.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(OptionError::Wrong(format!("Duplicate mount point: {}", pair[0])));
    }
    Ok(())
}

fn env(text: &str, surroundings: &Surroundings<'_>) -> Result<(String, Option<String>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, (surroundings.env)(text)),
    };
    if name.is_empty() {
        return Err("invalid environment variable: ".to_owned() + text);
    }
    Ok((name.to_owned(), value))
}

fn lines(path: &str, surroundings: &Surroundings<'_>) -> Result<Vec<String>, OptionError> {
    let wrong = |why: String| OptionError::Wrong(format!("open {path}: {why}"));
    let bytes = (surroundings.file)(path).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("invalid utf8 bytes".into()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let kept = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(kept.map(str::to_owned).collect())
}

fn env_file(
    path: &str,
    surroundings: &Surroundings<'_>,
    env: &mut Vec<(String, Option<String>)>,
) -> Result<(), OptionError> {
    for line in lines(path, surroundings)? {
        match line.split_once('=') {
            Some((name, _)) if name.is_empty() || name.contains([' ', '\t']) => {
                let why = if name.is_empty() { "no variable name on line" } else { "variable contains whitespaces" };
                return Err(OptionError::Wrong(format!("invalid env file ({path}): {why} '{line}'")));
            }
            Some((name, value)) => env.push((name.to_owned(), Some(value.to_owned()))),
            // A bare name that is not set is passed over, unlike `-e NAME`.
            None => env.extend((surroundings.env)(line.trim()).map(|value| (line.trim().to_owned(), Some(value)))),
        }
    }
    Ok(())
}

fn label_file(
    path: &str,
    surroundings: &Surroundings<'_>,
    labels: &mut Vec<(String, String)>,
) -> Result<(), OptionError> {
    for line in lines(path, surroundings)? {
        labels.push(label(&line).map_err(OptionError::Wrong)?);
    }
    Ok(())
}

/// Reads `key[=value]`.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    if key.is_empty() { Err("empty label name".into()) } else { Ok((key.to_owned(), value.to_owned())) }
}

fn extra_host(text: &str) -> Result<(String, String), String> {
    // Both `name:address` and `name=address`; an address of IPv6 holds colons itself.
    let at = text.find(['=', ':']).ok_or_else(|| format!("bad format for add-host: {text:?}"))?;
    let (name, address) = (&text[..at], &text[at + 1..]);
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(format!("bad format for add-host: {text:?}"));
    }
    let bare = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    if bare != "host-gateway" && bare.parse::<std::net::IpAddr>().is_err() {
        return Err(format!("invalid IP address in add-host: {address:?}"));
    }
    Ok((name.to_owned(), bare.to_owned()))
}

fn hostname(text: &str) -> Result<String, String> {
    let valid = !text.is_empty()
        && text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if valid { Ok(text.to_owned()) } else { Err(format!("invalid hostname {text:?}")) }
}

fn device(text: &str) -> Result<sandbox::Device, String> {
    let mut parts = text.split(':');
    let source = parts.next().unwrap_or_default();
    let (second, third) = (parts.next(), parts.next());
    // The middle part may be left out: `/dev/a:rwm`.
    let is_access = |part: &str| !part.is_empty() && part.chars().all(|c| "rwm".contains(c));
    let (target, access) = match (second, third) {
        (None, _) => (source, "rwm"),
        (Some(access), None) if is_access(access) => (source, access),
        (Some(target), access) => (target, access.unwrap_or("rwm")),
    };
    if parts.next().is_some() || !source.starts_with("/dev/") || !target.starts_with("/dev/") || !is_access(access) {
        return Err(format!("bad format for path: {text}"));
    }
    if access != "rwm" {
        return Err("access to a device is not limited; leave `:rwm` away".into());
    }
    Ok(sandbox::Device { source: source.into(), target: target.into() })
}

/// Checks the name of a container.
pub(crate) fn container_name(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('/').unwrap_or(text);
    let valid = bare.len() > 1
        && bare.starts_with(|c: char| c.is_ascii_alphanumeric())
        && bare.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    match valid {
        true => Ok(bare.to_owned()),
        false => Err(format!("Invalid container name ({text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")),
    }
}

fn network(text: &str, options: &mut Options) -> Result<(), String> {
    let mut name = text;
    if text.contains('=') {
        name = "";
        for field in text.split(',') {
            match field.split_once('=') {
                Some(("name", value)) => name = value,
                Some(("alias", value)) => options.aliases.push(value.to_owned()),
                _ => return Err(format!("invalid field {field}: only name and alias are supported")),
            }
        }
    }
    let mode = match name {
        "" => return Err("network name cannot be empty".into()),
        "default" | "bridge" => NetworkMode::Default,
        "host" => NetworkMode::Host,
        "none" => NetworkMode::None,
        name => match name.strip_prefix("container:") {
            Some("") => return Err("container: needs the name of a container".into()),
            Some(other) => NetworkMode::Container(other.to_owned()),
            None => NetworkMode::Named(name.to_owned()),
        },
    };
    if options.network != NetworkMode::Default && options.network != mode {
        return Err("a container joins one network; join others by `docker network connect`".into());
    }
    options.network = mode;
    Ok(())
}

fn restart(text: &str) -> Result<Restart, String> {
    let (policy, count) = match text.split_once(':') {
        Some((policy, count)) => (policy, Some(count)),
        None => (text, None),
    };
    match (policy, count) {
        ("" | "no", None) => Ok(Restart::No),
        ("always", None) => Ok(Restart::Always),
        ("unless-stopped", None) => Ok(Restart::UnlessStopped),
        ("on-failure", None) => Ok(Restart::OnFailure { most: 0 }),
        ("on-failure", Some(count)) => {
            let most = count.parse().map_err(|_| "maximum retry count must be an integer".to_owned())?;
            Ok(Restart::OnFailure { most })
        }
        ("no" | "always" | "unless-stopped", Some(_)) => {
            Err("maximum retry count can only be used with 'on-failure'".into())
        }
        _ => Err(format!("invalid restart policy: unknown policy '{policy}'")),
    }
}

fn security(text: &str, options: &mut Options) -> Result<(), String> {
    match text.replacen(':', "=", 1).as_str() {
        // There is neither a seccomp filter nor a profile of AppArmor or SELinux that could be taken away.
        "seccomp=unconfined" | "apparmor=unconfined" | "label=disable" => Ok(()),
        "no-new-privileges" | "no-new-privileges=true" => {
            options.no_new_privileges = true;
            Ok(())
        }
        "no-new-privileges=false" => Ok(()),
        _ => Err("only seccomp=unconfined, apparmor=unconfined, label=disable and no-new-privileges are known".into()),
    }
}

fn log_option(text: &str, options: &mut Options) -> Result<(), String> {
    match text.split_once('=') {
        Some(("max-size", "-1")) => options.log_max = None,
        Some(("max-size", value)) => options.log_max = Some(size::parse(value)?),
        // One file is kept, within its size.
        Some(("max-file" | "compress" | "mode", _)) => {}
        _ => return Err("only max-size and max-file are known".into()),
    }
    Ok(())
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "must be a whole number that is not negative".to_owned())
}

fn cpus(text: &str) -> Result<Option<f64>, String> {
    let number: f64 = text.parse().map_err(|_| format!("failed to parse {text} as a rational number"))?;
    match number {
        0.0 => Ok(None),
        number if number.is_finite() && number >= 0.01 => Ok(Some(number)),
        _ => Err("Range of CPUs is from 0.01 up".into()),
    }
}

fn health_duration(text: &str) -> Result<Option<Duration>, String> {
    match duration::parse(text)? {
        Duration::ZERO => Ok(None),
        short if short < LEAST_HEALTH => Err("cannot be less than 1ms".into()),
        duration => Ok(Some(duration)),
    }
}

impl HealthOptions {
    /// Docker's defaults, for what neither options nor the image say.
    pub const INTERVAL: Duration = Duration::from_secs(30);
    pub const TIMEOUT: Duration = Duration::from_secs(30);
    pub const START_INTERVAL: Duration = Duration::from_secs(5);
    pub const RETRIES: u32 = 3;
}
