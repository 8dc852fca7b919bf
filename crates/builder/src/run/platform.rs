use std::path::Path;

use image::Platform;

/// Whether programs of a platform run here: by the processor itself, or by an emulator that is registered with the kernel.
pub(crate) fn check_platform(platform: &Platform) -> Result<(), String> {
    let host = Platform::host();
    if host.fit(platform).is_some() {
        return Ok(());
    }
    let registered = emulators(Path::new("/proc/sys/fs/binfmt_misc"), &platform.architecture);
    if platform.os == host.os && registered {
        return Ok(());
    }
    if platform.os != host.os {
        return Err(format!("RUN for {platform} cannot run on {host}: no programs of {} run here", platform.os));
    }
    Err(format!(
        "RUN for {platform} cannot run on {host}: binfmt_misc has no emulator for {} (qemu-user-static registers them); \
         steps without RUN are built for any platform",
        platform.architecture
    ))
}

/// Whether an enabled emulator is there that also works in another root (flag F).
fn emulators(directory: &Path, architecture: &str) -> bool {
    let name = match architecture {
        "arm64" => "aarch64",
        "amd64" => "x86_64",
        "386" => "i386",
        other => other,
    };
    let text = std::fs::read_to_string(directory.join(format!("qemu-{name}"))).unwrap_or_default();
    let fixed = text.lines().any(|line| line.strip_prefix("flags:").is_some_and(|flags| flags.contains('F')));
    text.starts_with("enabled") && fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulators_are_registered_for_other_roots() {
        let directory = tempfile::tempdir().unwrap();
        let register = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        register("qemu-aarch64", "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: POCF\n");
        register("qemu-s390x", "enabled\ninterpreter /usr/bin/qemu-s390x\nflags: OC\n");
        register("qemu-riscv64", "disabled\ninterpreter /x\nflags: F\n");
        for (architecture, expected) in [("arm64", true), ("s390x", false), ("riscv64", false), ("ppc64le", false)] {
            assert_eq!(emulators(directory.path(), architecture), expected, "{architecture}");
        }
        assert!(check_platform(&Platform::host()).is_ok());
        let why = check_platform(&Platform::new("windows", "amd64", None)).unwrap_err();
        assert!(why.contains("windows/amd64"), "{why}");
    }
}
