//! `docker/setup-buildx-action` and `docker/setup-qemu-action`: nothing has to be set up here, and what is there is told.

use image::Platform;
use serde_json::json;

use super::group;
use super::list::{ListStyle, items};
use crate::native::error::{Fault, Result};
use crate::native::{NativeCall, NativeOutcome};

/// Architectures that binfmt_misc may have a handler for: the kernel's name of QEMU's, and the platform.
const EMULATED: &[(&str, &str)] = &[
    ("qemu-x86_64", "linux/amd64"),
    ("qemu-aarch64", "linux/arm64"),
    ("qemu-arm", "linux/arm/v7"),
    ("qemu-arm", "linux/arm/v6"),
    ("qemu-i386", "linux/386"),
    ("qemu-riscv64", "linux/riscv64"),
    ("qemu-ppc64le", "linux/ppc64le"),
    ("qemu-s390x", "linux/s390x"),
    ("qemu-mips64el", "linux/mips64le"),
    ("qemu-mips64", "linux/mips64"),
    ("qemu-loongarch64", "linux/loong64"),
];

/// Where the kernel tells which handlers are registered.
const BINFMT: &str = "/proc/sys/fs/binfmt_misc";

/// Platforms whose programs run on this machine.
pub(crate) fn platforms() -> Vec<String> {
    let own = Platform::host().to_string();
    let mut found = vec![own.clone()];
    if own == "linux/amd64" {
        found.push("linux/386".to_owned());
    }
    for (handler, platform) in EMULATED {
        let enabled = std::fs::read_to_string(format!("{BINFMT}/{handler}"));
        if enabled.is_ok_and(|text| text.starts_with("enabled")) && !found.iter().any(|one| one == platform) {
            found.push((*platform).to_owned());
        }
    }
    found
}

pub(crate) fn buildx(call: &NativeCall, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    for (name, why) in [
        ("driver-opts", "there is no BuildKit container to give options to"),
        ("buildkitd-flags", "there is no BuildKit daemon"),
        ("config", "there is no BuildKit daemon"),
        ("config-inline", "there is no BuildKit daemon"),
        ("buildkitd-config", "there is no BuildKit daemon; mirrors of registries stand in trunkline.toml"),
        ("buildkitd-config-inline", "there is no BuildKit daemon; mirrors of registries stand in trunkline.toml"),
        ("endpoint", "builds run in this process"),
        ("append", "builds run in this process"),
        ("version", "Trunkline's own builder is used"),
    ] {
        if inputs.some(name).is_some() {
            call.say(format!("The input `{name}` has no effect here: {why}"));
        }
    }
    match inputs.text_or("driver", "docker-container") {
        "docker-container" | "docker" => {}
        other @ ("kubernetes" | "remote") => {
            return Err(Fault::Text(format!(
                "the driver `{other}` builds on other machines, which Trunkline's builder does not; leave `driver` out to \
                 build here, or set actions.native = \"never\""
            )));
        }
        other => return Err(Fault::Text(format!("failed to find driver {other}"))),
    }
    let driver = inputs.text_or("driver", "docker-container");
    let name = match inputs.some("name") {
        Some(name) => name.to_owned(),
        None if driver == "docker" => "default".to_owned(),
        None => format!("builder-{}", random()),
    };
    let platforms = match items(inputs.text("platforms"), ListStyle::COMMAS) {
        given if given.is_empty() => platforms(),
        given => given,
    };
    let node = json!([{ "name": format!("{name}0"), "endpoint": "trunkline", "status": "running",
                        "platforms": platforms.join(",") }]);
    group(
        call,
        "Builder",
        [
            format!("{name}: Trunkline's own builder, version {}", env!("CARGO_PKG_VERSION")),
            format!("Platforms that can run here: {}", platforms.join(", ")),
        ],
    );
    for (output, value) in [
        ("name", name),
        ("driver", driver.to_owned()),
        ("platforms", platforms.join(",")),
        ("endpoint", "trunkline".to_owned()),
        ("status", "running".to_owned()),
        ("flags", String::new()),
        ("nodes", serde_json::to_string_pretty(&node).unwrap_or_default()),
    ] {
        outcome.outputs.insert(output.to_owned(), value);
    }
    Ok(())
}

fn random() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

pub(crate) fn qemu(call: &NativeCall, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let there = platforms();
    let asked = items(inputs.text_or("platforms", "all"), ListStyle::COMMAS);
    group(
        call,
        "Extracting available platforms",
        [format!("{} (from this machine and its {BINFMT})", there.join(","))],
    );
    if inputs.flag("reset", false)? {
        call.say("The input `reset` has no effect here: emulators belong to the machine, not to a job");
    }
    let missing: Vec<&str> = asked
        .iter()
        .map(String::as_str)
        .filter(|asked| {
            *asked != "all" && !there.iter().any(|one| one == asked || one.strip_prefix("linux/") == Some(asked))
        })
        .collect();
    if !missing.is_empty() {
        call.warn(format!(
            "No emulator is registered for {}: images for it can be built as long as nothing in them has to run. \
             `apt-get install qemu-user-static binfmt-support` on this machine registers one",
            missing.join(", ")
        ));
    }
    outcome.outputs.insert("platforms".to_owned(), there.join(","));
    Ok(())
}
