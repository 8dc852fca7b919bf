//! A container as `docker inspect` shows it.

use serde_json::{Map, Value, json};

use super::Container;
use crate::options::{NetworkMode, Restart};
use crate::status::{Health, Phase};
use crate::volume::{MountKind, MountPoint};

/// What docker writes for a time that is not.
const NEVER: &str = "0001-01-01T00:00:00Z";

impl Container {
    /// The shape of docker's API; what has no meaning here is left out.
    pub fn inspect(&self) -> Value {
        let (status, plan, options) = (self.status(), self.plan(), self.options());
        let time = |time: Option<jiff::Timestamp>| time.map_or_else(|| NEVER.to_owned(), |time| time.to_string());
        let running = status.phase == Phase::Running;
        let mut state = json!({
            "Status": status.word(),
            "Running": running,
            "Paused": false,
            "Restarting": status.phase == Phase::Restarting,
            "OOMKilled": status.oom,
            "Dead": false,
            "Pid": status.pid,
            "ExitCode": status.exit_code,
            "Error": status.error,
            "StartedAt": time(status.started),
            "FinishedAt": time(status.finished),
        });
        if let Some(health) = &status.health {
            state["Health"] = health_json(health);
        }
        let argv = plan.argv();
        let (path, args) = argv.split_first().map_or(("", &[][..]), |(path, args)| (path.as_str(), args));
        // The options' variables, then those of the image that they leave.
        let mut env: Vec<String> = Vec::new();
        for (name, value) in &options.env {
            env.retain(|known| !is_of(known, name));
            env.extend(value.as_ref().map(|value| format!("{name}={value}")));
        }
        let of_image = self.base().config.config.env.iter();
        env.extend(of_image.filter(|entry| !options.env.iter().any(|(name, _)| is_of(entry, name))).cloned());
        json!({
            "Id": self.id(),
            "Created": self.created().to_string(),
            "Path": path,
            "Args": args,
            "State": state,
            "Image": self.base().id,
            "Name": format!("/{}", self.name()),
            "RestartCount": status.restarts,
            "Driver": "overlay2",
            "Platform": "linux",
            "HostConfig": self.host_config(),
            "Mounts": self.mounts().iter().map(mount_json).collect::<Vec<_>>(),
            "Config": {
                "Hostname": self.hostname(),
                "Domainname": "",
                "User": plan.user,
                "AttachStdin": options.interactive && !options.detach,
                "AttachStdout": !options.detach,
                "AttachStderr": !options.detach,
                "ExposedPorts": plan.exposed.iter().map(|port| (port.to_string(), json!({}))).collect::<Map<_, _>>(),
                "Tty": options.tty,
                "OpenStdin": options.interactive,
                "StdinOnce": options.interactive && !options.detach,
                "Env": env,
                "Cmd": if plan.command.is_empty() { Value::Null } else { json!(plan.command) },
                "Healthcheck": plan.health.as_ref().map(|health| json!({
                    "Test": health.test,
                    "Interval": health.interval.as_nanos() as u64,
                    "Timeout": health.timeout.as_nanos() as u64,
                    "StartPeriod": health.start_period.as_nanos() as u64,
                    "Retries": health.retries,
                })),
                "Image": self.base().reference,
                "Volumes": plan.volumes.iter().map(|path| (path.clone(), json!({}))).collect::<Map<_, _>>(),
                "WorkingDir": plan.workdir,
                "Entrypoint": if plan.entrypoint.is_empty() { Value::Null } else { json!(plan.entrypoint) },
                "Labels": plan.labels,
                "StopSignal": options.stop_signal.clone().or_else(|| self.base().config.config.stop_signal.clone()),
            },
            "NetworkSettings": self.network_settings(),
        })
    }

    fn host_config(&self) -> Value {
        let options = self.options();
        let binds: Vec<String> = self.mounts().iter().filter_map(bind_text).collect();
        let mut bindings = Map::new();
        for one in &options.publish {
            let host = json!({
                "HostIp": one.address.map(|address| address.to_string()).unwrap_or_default(),
                "HostPort": if one.host == 0 { String::new() } else { one.host.to_string() },
            });
            push(&mut bindings, one.port.to_string(), host);
        }
        let most = match options.restart {
            Restart::OnFailure { most } => most,
            _ => 0,
        };
        json!({
            "Binds": if binds.is_empty() { Value::Null } else { json!(binds) },
            "LogConfig": { "Type": if self.logs().is_some() { "json-file" } else { "none" }, "Config": {} },
            "NetworkMode": network_mode(&options.network),
            "PortBindings": bindings,
            "RestartPolicy": { "Name": options.restart.name(), "MaximumRetryCount": most },
            "AutoRemove": options.auto_remove,
            "CapAdd": if options.cap_add.is_empty() { Value::Null } else { json!(options.cap_add) },
            "CapDrop": if options.cap_drop.is_empty() { Value::Null } else { json!(options.cap_drop) },
            "ExtraHosts": options.extra_hosts.iter().map(|(name, address)| format!("{name}:{address}")).collect::<Vec<_>>(),
            "GroupAdd": options.groups,
            "Privileged": options.privileged,
            "PublishAllPorts": options.publish_all,
            "ReadonlyRootfs": options.read_only,
            "ShmSize": options.shm_size.unwrap_or(64 << 20),
            "Memory": options.memory.unwrap_or(0),
            "NanoCpus": options.cpus.map_or(0, |cpus| (cpus * 1e9) as u64),
            "PidsLimit": options.pids,
            "Init": options.init,
        })
    }

    fn network_settings(&self) -> Value {
        let options = self.options();
        let mut ports = Map::new();
        for (port, address) in self.published() {
            push(
                &mut ports,
                port.to_string(),
                json!({ "HostIp": address.ip().to_string(), "HostPort": address.port().to_string() }),
            );
        }
        if self.is(Phase::Running) {
            for port in &self.plan().exposed {
                ports.entry(port.to_string()).or_insert(Value::Null);
            }
        }
        let address = self.address().map(|address| address.to_string()).unwrap_or_default();
        let table = &self.inner.table;
        let network = match &options.network {
            NetworkMode::Named(name) => table.network(name).ok(),
            NetworkMode::Default => table.network(crate::network::DEFAULT_NETWORK).ok(),
            _ => None,
        };
        let gateway = network
            .as_ref()
            .filter(|_| !address.is_empty())
            .map(|network| network.handle.gateway().to_string())
            .unwrap_or_default();
        let prefix = network.as_ref().filter(|_| !address.is_empty()).map_or(0, |network| network.handle.subnet().1);
        let name = network.as_ref().map_or_else(|| network_mode(&options.network), |network| network.name.clone());
        let mut networks = Map::new();
        networks.insert(
            name,
            json!({
                "Aliases": options.aliases,
                "NetworkID": network.as_ref().map(|network| network.id.clone()).unwrap_or_default(),
                "Gateway": gateway,
                "IPAddress": address,
                "IPPrefixLen": prefix,
            }),
        );
        // The fields at the top are those of docker's default network.
        let top = matches!(options.network, NetworkMode::Default);
        json!({
            "Ports": ports,
            "Gateway": if top { gateway } else { String::new() },
            "IPAddress": if top { address } else { String::new() },
            "IPPrefixLen": if top { prefix } else { 0 },
            "Networks": networks,
        })
    }
}

/// Whether an entry `NAME=value` is of this name.
fn is_of(entry: &str, name: &str) -> bool {
    entry.split_once('=').map_or(entry, |(known, _)| known) == name
}

fn push(map: &mut Map<String, Value>, key: String, value: Value) {
    if let Value::Array(list) = map.entry(key).or_insert_with(|| json!([])) {
        list.push(value);
    }
}

fn network_mode(mode: &NetworkMode) -> String {
    match mode {
        NetworkMode::Default => "bridge".into(),
        NetworkMode::Host => "host".into(),
        NetworkMode::None => "none".into(),
        NetworkMode::Named(name) => name.clone(),
        NetworkMode::Container(other) => format!("container:{other}"),
    }
}

fn health_json(health: &Health) -> Value {
    let log = health.log.iter().map(|probe| {
        json!({
            "Start": probe.start.to_string(),
            "End": probe.end.to_string(),
            "ExitCode": probe.exit_code,
            "Output": probe.output,
        })
    });
    json!({ "Status": health.verdict.name(), "FailingStreak": health.failing, "Log": log.collect::<Vec<_>>() })
}

fn bind_text(mount: &MountPoint) -> Option<String> {
    let mode = if mount.read_only { ":ro" } else { "" };
    match &mount.kind {
        MountKind::Bind { named, .. } => Some(format!("{named}:{}{mode}", mount.target)),
        MountKind::Volume { volume, .. } if !volume.anonymous => {
            Some(format!("{}:{}{mode}", volume.name, mount.target))
        }
        _ => None,
    }
}

fn mount_json(mount: &MountPoint) -> Value {
    let (kind, name, source) = match &mount.kind {
        MountKind::Bind { named, .. } => ("bind", None, named.clone()),
        MountKind::Volume { volume, .. } => ("volume", Some(&volume.name), volume.path.display().to_string()),
        MountKind::Tmpfs { .. } => ("tmpfs", None, String::new()),
    };
    let mut shown = json!({
        "Type": kind,
        "Source": source,
        "Destination": mount.target,
        "Mode": if mount.read_only { "ro" } else { "" },
        "RW": !mount.read_only,
        "Propagation": if kind == "bind" { "rprivate" } else { "" },
    });
    if let Some(name) = name {
        shown["Name"] = json!(name);
        shown["Driver"] = json!("local");
    }
    shown
}
