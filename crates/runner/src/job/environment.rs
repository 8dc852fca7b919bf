//! Environment variables of a step's process.

use std::path::Path;

use expr::{Object, Value};
use indexmap::IndexMap;
use sandbox::Placement;

use super::frame::Frame;
use super::shared::Job;
use crate::command_file::{CommandFiles, Kind};

/// Entries of `github` that become `GITHUB_*` (the runner's `GitHubContext`).
const FROM_GITHUB: &[&str] = &[
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "actor",
    "actor_id",
    "api_url",
    "base_ref",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

/// Variables of the user's environment that a sandboxed job keeps: how to talk and how to reach the network.
const KEPT: &[&str] = &[
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "USER",
    "LOGNAME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_INDEX_URL",
    "PIP_CERT",
    "NPM_CONFIG_REGISTRY",
    "JAVA_HOME",
    "GOROOT",
    "GOPROXY",
    "GOSUMDB",
    // Where the native set-up actions take tools from.
    "GO_DOWNLOAD_BASE_URL",
    "NODEJS_ORG_MIRROR",
    "TRUNKLINE_PYTHON_MIRROR",
    "TRUNKLINE_JAVA_MIRROR",
    "TRUNKLINE_GOLANGCI_LINT_MIRROR",
];

/// Tool managers that look below the home directory for what they installed. A job has a home of its own, so they are
/// told where the user's is: the variable, and the directory below the real home that is its default.
const TOOL_HOMES: &[(&str, &str)] = &[
    ("RUSTUP_HOME", ".rustup"),
    ("CARGO_HOME", ".cargo"),
    ("PYENV_ROOT", ".pyenv"),
    ("RBENV_ROOT", ".rbenv"),
    ("NVM_DIR", ".nvm"),
    ("VOLTA_HOME", ".volta"),
    ("ASDF_DATA_DIR", ".asdf"),
    ("MISE_DATA_DIR", ".local/share/mise"),
    ("SDKMAN_DIR", ".sdkman"),
    ("DENO_INSTALL", ".deno"),
    ("BUN_INSTALL", ".bun"),
];

/// What every process of the job gets before anything that the workflow says.
pub(crate) fn base(placement: Placement, home: &Path, extra: &[(String, String)]) -> IndexMap<String, String> {
    let mut env = IndexMap::new();
    match placement {
        Placement::Host => {
            env.extend(
                std::env::vars_os()
                    .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
            );
        }
        Placement::Isolated => {
            for name in KEPT {
                if let Ok(value) = std::env::var(name) {
                    env.insert((*name).to_owned(), value);
                }
            }
            for (name, below_home) in TOOL_HOMES {
                let default = || {
                    let real = std::path::PathBuf::from(std::env::var_os("HOME")?).join(below_home);
                    real.is_dir().then(|| real.to_string_lossy().into_owned())
                };
                if let Some(value) = std::env::var(name).ok().or_else(default) {
                    env.insert((*name).to_owned(), value);
                }
            }
            if !env.contains_key("LANG") {
                env.insert("LANG".to_owned(), "C.UTF-8".to_owned());
            }
        }
    }
    env.entry("PATH".to_owned())
        .or_insert_with(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    env.insert("HOME".to_owned(), home.to_string_lossy().into_owned());
    env.insert("CI".to_owned(), "true".to_owned());
    env.insert("GITHUB_ACTIONS".to_owned(), "true".to_owned());
    reach_services(&mut env, None);
    env.extend(extra.iter().cloned());
    env
}

/// Variables of the user's that a job in a container keeps: how to reach the network.
const KEPT_IN_CONTAINER: &[&str] =
    &["http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"];

/// The same for a job in a container: the container's variables instead of the machine's.
pub(crate) fn base_in_container(
    own: Vec<(String, String)>,
    home: &Path,
    gateway: Option<std::net::Ipv4Addr>,
    extra: &[(String, String)],
) -> IndexMap<String, String> {
    let mut env: IndexMap<String, String> = IndexMap::new();
    for name in KEPT_IN_CONTAINER {
        if let Ok(value) = std::env::var(name) {
            env.insert((*name).to_owned(), value);
        }
    }
    env.extend(own);
    env.insert("HOME".to_owned(), home.to_string_lossy().into_owned());
    env.entry("CI".to_owned()).or_insert_with(|| "true".to_owned());
    env.insert("GITHUB_ACTIONS".to_owned(), "true".to_owned());
    reach_services(&mut env, gateway);
    env.extend(extra.iter().cloned());
    env
}

/// A job in a network of its own finds the services where that network meets this machine.
pub(crate) fn from_network(
    variables: Vec<(String, String)>,
    gateway: Option<std::net::Ipv4Addr>,
) -> Vec<(String, String)> {
    let Some(gateway) = gateway else { return variables };
    let host = format!("//{gateway}:");
    variables.into_iter().map(|(name, value)| (name, value.replace("//127.0.0.1:", &host))).collect()
}

/// The runtime services listen on loopback, where no proxy leads.
fn reach_services(env: &mut IndexMap<String, String>, gateway: Option<std::net::Ipv4Addr>) {
    let proxied = env.keys().any(|name| name.to_ascii_lowercase().ends_with("_proxy"));
    if !proxied {
        return;
    }
    for name in ["no_proxy", "NO_PROXY"] {
        let list = env.entry(name.to_owned()).or_default();
        let own = gateway.map(|gateway| gateway.to_string());
        for wanted in ["127.0.0.1", "localhost"].into_iter().chain(own.as_deref()) {
            if !list.split(',').any(|host| host.trim() == wanted) {
                let comma = if list.is_empty() { "" } else { "," };
                list.push_str(&format!("{comma}{wanted}"));
            }
        }
    }
}

/// The whole environment of one process: base, the workflow's and the step's variables, then the runner's own, which
/// nothing can override.
pub(crate) fn of_step(
    job: &Job,
    frame: &Frame,
    step_env: &IndexMap<String, String>,
    files: Option<&CommandFiles>,
) -> IndexMap<String, String> {
    over(job.base_env.clone(), job, frame, step_env, files)
}

/// The same over nothing but what `--env` gives: for a container that an action makes, whose image has the rest.
pub(crate) fn of_docker_action(
    job: &Job,
    frame: &Frame,
    step_env: &IndexMap<String, String>,
    files: Option<&CommandFiles>,
) -> IndexMap<String, String> {
    let base = job
        .request
        .extra_env
        .iter()
        .cloned()
        .chain([("CI".to_owned(), "true".to_owned()), ("GITHUB_ACTIONS".to_owned(), "true".to_owned())]);
    let frame = Frame { path: Vec::new(), ..frame.clone() };
    over(base.collect(), job, &frame, step_env, files)
}

fn over(
    mut env: IndexMap<String, String>,
    job: &Job,
    frame: &Frame,
    step_env: &IndexMap<String, String>,
    files: Option<&CommandFiles>,
) -> IndexMap<String, String> {
    for (name, value) in frame.env.iter().chain(step_env) {
        env.insert(name.clone(), value.clone());
    }
    if !frame.path.is_empty() {
        let rest = env.get("PATH").cloned().unwrap_or_default();
        let parts = frame.path.iter().rev().map(String::as_str).chain([rest.as_str()]);
        env.insert("PATH".to_owned(), parts.collect::<Vec<_>>().join(":"));
    }
    for name in FROM_GITHUB {
        if let Some(value) = frame.github.get(name).filter(|value| !value.is_null()) {
            env.insert(format!("GITHUB_{}", name.to_ascii_uppercase()), value.to_display_string().into_owned());
        }
    }
    if let Some(files) = files {
        for kind in Kind::ALL {
            let path = files.path(kind, &job.layout.temp);
            env.insert(kind.variable().to_owned(), path.to_string_lossy().into_owned());
        }
    }
    if let Value::Object(runner) = &job.runner_context {
        for (name, value) in runner.iter().filter(|(name, _)| *name != "workspace") {
            env.insert(format!("RUNNER_{}", name.to_ascii_uppercase()), value.to_display_string().into_owned());
        }
    }
    if let Some(workspace) = job.runner_context.as_object().and_then(|runner| runner.get("workspace")) {
        env.insert("RUNNER_WORKSPACE".to_owned(), workspace.to_display_string().into_owned());
    }
    env.insert("RUNNER_TRACKING_ID".to_owned(), job.tracking_id.clone());
    // What the system cannot pass on to a program.
    env.retain(|name, value| !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'));
    env
}

/// Whether a variable is `true` in the first of these environments that has it.
pub(crate) fn environment_flag(envs: &[&IndexMap<String, String>], name: &str) -> bool {
    envs.iter().find_map(|env| env.get(name)).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The `runner` context.
pub(crate) fn runner_context(name: &str, layout: &super::layout::Layout, debug: bool) -> Object {
    let mut runner = Object::new();
    let os = match std::env::consts::OS {
        "macos" => "macOS",
        "windows" => "Windows",
        _ => "Linux",
    };
    let arch = match std::env::consts::ARCH {
        "aarch64" => "ARM64",
        "arm" => "ARM",
        "x86" => "X86",
        _ => "X64",
    };
    let text = |path: &Path| Value::string(path.to_string_lossy().into_owned());
    runner.insert("os", Value::string(os));
    runner.insert("arch", Value::string(arch));
    runner.insert("name", Value::string(name));
    runner.insert("environment", Value::string("self-hosted"));
    runner.insert("tool_cache", text(&layout.tool_cache));
    runner.insert("temp", text(&layout.temp));
    runner.insert("workspace", text(&layout.runner_workspace));
    if debug {
        runner.insert("debug", Value::string("1"));
    }
    runner
}
