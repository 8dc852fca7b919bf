//! Inputs of actions that are run as code.
//!
//! Facts: the `action.yml` and documentation of each action.

use super::uses::Uses;

/// Each action with the inputs it gives to an interpreter.
const SINKS: &[(&str, &[&str])] = &[
    ("actions/github-script", &["script"]),
    ("addnab/docker-run-action", &["run", "options"]),
    ("amadevus/pwsh-script", &["script"]),
    ("appleboy/ssh-action", &["script"]),
    ("azure/cli", &["inlineScript"]),
    ("azure/powershell", &["inlineScript"]),
    ("cardinalby/js-eval-action", &["expression"]),
    ("devorbitus/yq-action-output", &["cmd"]),
    ("google-github-actions/ssh-compute", &["command", "script"]),
    ("jannekem/run-python-script-action", &["script"]),
    ("mathiasvr/command-output", &["run"]),
    ("mikefarah/yq", &["cmd"]),
    ("nick-fields/retry", &["command", "on_retry_command"]),
    ("nick-invision/retry", &["command", "on_retry_command"]),
    ("reactivecircus/android-emulator-runner", &["script", "pre-emulator-launch-script"]),
    ("sergeysova/jq-action", &["cmd"]),
    ("uraimo/run-on-arch-action", &["run", "install", "setup"]),
    ("vmactions/freebsd-vm", &["run", "prepare"]),
    ("vmactions/netbsd-vm", &["run", "prepare"]),
    ("vmactions/openbsd-vm", &["run", "prepare"]),
    ("vmactions/solaris-vm", &["run", "prepare"]),
    ("cross-platform-actions/action", &["run"]),
    ("wandalen/wretry.action", &["command"]),
];

/// The inputs of an action that it runs as code.
pub(crate) fn code_inputs(uses: &Uses<'_>) -> &'static [&'static str] {
    SINKS.iter().find(|(name, _)| uses.is(name)).map_or(&[], |(_, inputs)| inputs)
}
