//! `docker version` and `docker info`.

use container::Phase;
use container::flags::Parsed;
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::template::Template;

/// The version of docker whose command line and output this follows. Tools compare it with the versions they need.
const FOLLOWS: &str = "28.2.2";
const API: &str = "1.50";
const OWN: &str = env!("CARGO_PKG_VERSION");

/// What `docker --version` says.
pub(super) fn short_version() -> String {
    format!("Docker version {FOLLOWS}, build trunkline-{OWN}")
}

pub(super) async fn version(session: &Session, parsed: Parsed) -> Outcome {
    let (os, arch) = ("linux", image::Platform::host().architecture);
    let part = |name: &str| {
        json!({
            "Platform": { "Name": name }, "Version": FOLLOWS, "ApiVersion": API, "DefaultAPIVersion": API, "MinAPIVersion": API,
            "GitCommit": format!("trunkline-{OWN}"), "Os": os, "Arch": arch, "Context": "default", "Experimental": false,
        })
    };
    let value = json!({ "Client": part("Trunkline"), "Server": part("Trunkline") });
    match parsed.last("format") {
        Some("json") => session.line(value.to_string()).await,
        Some(template) => {
            let text = Template::parse(template).and_then(|template| template.render(&value));
            session.line(text.map_err(Failure::new)?).await;
        }
        None => {
            let text = |name: &str| {
                format!(
                    "{name}: Trunkline {OWN}\n Version:           {FOLLOWS}\n API version:       {API}\n OS/Arch:           {os}/{arch}\n"
                )
            };
            session.out(format!("{}\n{}", text("Client"), text("Server"))).await;
        }
    }
    Ok(0)
}

pub(super) async fn info(session: &Session, parsed: Parsed) -> Outcome {
    let containers = session.ground.table.containers();
    let running = containers.iter().filter(|container| container.status().phase == Phase::Running).count();
    let store = session.ground.store.clone();
    let images = crate::session::blocking(move || Ok(store.list()?.len())).await?;
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let value: Value = json!({
        "ID": "trunkline", "Containers": containers.len(), "ContainersRunning": running, "ContainersPaused": 0,
        "ContainersStopped": containers.len() - running, "Images": images, "Driver": "overlay2", "MemoryLimit": true,
        "KernelVersion": kernel, "OperatingSystem": "Trunkline", "OSType": "linux",
        "Architecture": std::env::consts::ARCH, "NCPU": cpus, "DockerRootDir": session.ground.store.root().display().to_string(),
        "Name": "trunkline", "ServerVersion": FOLLOWS, "DefaultRuntime": "sandbox", "SecurityOptions": [], "Warnings": null,
        "Swarm": { "LocalNodeState": "inactive" }, "LoggingDriver": "json-file", "CgroupDriver": "cgroupfs",
    });
    match parsed.last("format") {
        Some("json") => session.line(value.to_string()).await,
        Some(template) => {
            let text = Template::parse(template).and_then(|template| template.render(&value));
            session.line(text.map_err(Failure::new)?).await;
        }
        None => {
            let lines = [
                format!("Client: Trunkline {OWN}"),
                " Context:    default".into(),
                "\nServer:".into(),
                format!(" Containers: {}", containers.len()),
                format!("  Running: {running}"),
                "  Paused: 0".into(),
                format!("  Stopped: {}", containers.len() - running),
                format!(" Images: {images}"),
                format!(" Server Version: {FOLLOWS}"),
                " Storage Driver: overlay2".into(),
                " Logging Driver: json-file".into(),
                format!(" Kernel Version: {kernel}"),
                " Operating System: Trunkline".into(),
                " OSType: linux".into(),
                format!(" Architecture: {}", std::env::consts::ARCH),
                format!(" CPUs: {cpus}"),
            ];
            session.line(lines.join("\n")).await;
        }
    }
    Ok(0)
}
