//! What this machine is, in GitHub's words.

/// `runner.os`
pub(crate) fn os() -> &'static str {
    if cfg!(target_os = "macos") {
        "macOS"
    } else if cfg!(target_os = "windows") {
        "Windows"
    } else {
        "Linux"
    }
}

/// `runner.arch`
pub(crate) fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "X64",
        "x86" => "X86",
        "aarch64" => "ARM64",
        "arm" => "ARM",
        other => other,
    }
}

/// The labels of a runner that is not told others: those of a self-hosted one, and the names of GitHub's own machines that a
/// sandbox stands in for.
#[must_use]
pub fn default_labels() -> Vec<String> {
    let mut labels = vec!["self-hosted".to_owned(), os().to_lowercase(), arch().to_lowercase()];
    if cfg!(target_os = "linux") {
        let suffix = if cfg!(target_arch = "aarch64") { "-arm" } else { "" };
        labels.extend(["ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04"].map(|name| {
            // The latest one has no name of its own on other processors.
            if suffix.is_empty() || name == "ubuntu-latest" { name.to_owned() } else { format!("{name}{suffix}") }
        }));
    }
    labels
}
