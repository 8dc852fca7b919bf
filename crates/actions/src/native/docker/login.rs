//! `docker/login-action`: credentials for the job's later steps.

use std::path::{Path, PathBuf};

use image::auth::{Credentials, Environment, Keychain};

use super::flag;
use super::registry_auth::{self, Login};
use crate::native::error::{Fault, Result};
use crate::native::files::Files;
use crate::native::{NativeCall, NativeOutcome, NativePost};

/// What the post step is told: `registry\tdirectory` lines.
const LOGINS: &str = "logins";

pub(crate) async fn run(call: &NativeCall, outcome: &mut NativeOutcome) -> Result<()> {
    let inputs = call.inputs();
    let logins = asked(call)?;
    let several = logins.len() > 1;
    let mut post = NativePost::new(call);
    // Passwords do not live longer than the step.
    post.inputs.retain(|name, _| name == "logout");
    let mut done = Vec::new();
    for login in logins {
        let dir = config_dir(call, &login)?;
        if several {
            call.say(format!("::group::Login to {}", login.registry));
        }
        log_in(call, &login, &dir).await?;
        if several {
            call.say("::endgroup::");
        }
        done.push(format!("{}\t{}", login.registry, dir.display()));
    }
    done.dedup();
    post.state.insert(LOGINS.to_owned(), done.join("\n"));
    if inputs.flag("logout", true)? {
        outcome.post = Some(post);
    }
    Ok(())
}

pub(crate) async fn post(post: &NativePost, call: &NativeCall) -> Result<()> {
    let logins = post.state.get(LOGINS).map(String::as_str).unwrap_or_default();
    for (registry, dir) in logins.lines().filter_map(|line| line.split_once('\t')) {
        call.say(format!("::group::Logout from {registry}"));
        match keychain_in(call, Path::new(dir)) {
            Ok(keychain) => match keychain.forget(registry).await {
                Ok(_) => call.say(format!("Removing login credentials for {registry}")),
                Err(error) => call.warn(error.to_string()),
            },
            Err(fault) => call.warn(fault.to_string()),
        }
        call.say("::endgroup::");
    }
    Ok(())
}

fn asked(call: &NativeCall) -> Result<Vec<Login>> {
    let inputs = call.inputs();
    let mut logins = match inputs.some("registry-auth") {
        None => {
            let text = |name: &str| inputs.text(name).to_owned();
            vec![Login {
                registry: text("registry"),
                username: text("username"),
                password: text("password"),
                scope: text("scope"),
                ecr: text("ecr"),
            }]
        }
        Some(text) => {
            let others = ["registry", "username", "password", "scope", "ecr"];
            if others.iter().any(|name| inputs.some(name).is_some()) {
                return Err(Fault::text("Cannot use registry-auth with other inputs"));
            }
            let logins = registry_auth::parse(text)?;
            for login in logins.iter().filter(|login| !login.password.is_empty()) {
                call.say(format!("::add-mask::{}", crate::native::escape(&login.password)));
            }
            logins
        }
    };
    for login in &mut logins {
        if login.registry.is_empty() {
            "docker.io".clone_into(&mut login.registry);
        }
    }
    Ok(logins)
}

async fn log_in(call: &NativeCall, login: &Login, dir: &Path) -> Result<()> {
    let registry = host(&login.registry);
    let images = &call.place.images;
    let ecr = match login.ecr.to_lowercase().as_str() {
        "" | "auto" => is_ecr(registry),
        other => other.contains("true"),
    };
    if ecr && login.username != "AWS" {
        return Err(Fault::Text(format!(
            "{registry} is a registry of Amazon's: get its password with `aws ecr get-login-password` in a step, and log in \
             as the user AWS with `ecr: false`; exchanging AWS keys is not done here"
        )));
    }
    // At the desk there may be no GITHUB_TOKEN; the registry of this run has a token of its own.
    let own = images.own_credentials(registry).cloned();
    let credentials = match (login.username.as_str(), login.password.as_str(), own) {
        (_, "", Some(own)) => {
            call.say(format!("No password is given; {registry} is this run's own registry, which has one"));
            own
        }
        ("", "", None) => return Err(Fault::text("Username and password required")),
        ("", _, _) => return Err(Fault::text("Username required")),
        (_, "", None) => return Err(Fault::text("Password required")),
        (username, password, _) => Credentials::basic(username, password),
    };
    let scope = if login.scope.is_empty() { String::new() } else { format!(" (scope {})", login.scope) };
    call.say(format!("Logging into {}{scope}...", login.registry));
    let keychain = keychain_in(call, dir)?;
    let client = images.client(Keychain::empty())?;
    let accepted = tokio::select! {
        checked = client.check_login(registry, &credentials) => checked.map_err(|error| Fault::Text(error.to_string()))?,
        () = call.cancel.cancelled() => return Err(Fault::Cancelled),
    };
    keychain.save(registry, &accepted).await.map_err(|error| Fault::Text(error.to_string()))?;
    call.say("Login Succeeded!");
    Ok(())
}

/// A registry as it is written may be a URL.
fn host(registry: &str) -> &str {
    let rest = registry.strip_prefix("https://").or_else(|| registry.strip_prefix("http://")).unwrap_or(registry);
    match rest.split('/').next().unwrap_or(rest) {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    }
}

fn is_ecr(registry: &str) -> bool {
    let private = || {
        let (account, rest) = registry.split_once('.')?;
        let rest = rest.strip_prefix("dkr.ecr.").or_else(|| rest.strip_prefix("dkr-ecr."))?;
        let amazon = rest.contains(".amazonaws.") || rest.ends_with(".on.aws");
        Some(account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && amazon)
    };
    registry.contains("public.ecr.aws") || registry.contains("ecr-public.aws.com") || private().unwrap_or(false)
}

/// Where the credentials of a login are kept, as the job names it: a login with a scope has a place of its own.
fn config_dir(call: &NativeCall, login: &Login) -> Result<PathBuf> {
    let base = docker_config(call);
    if login.scope.is_empty() || flag(call, "DOCKER_LOGIN_SCOPE_DISABLED", false)? {
        return Ok(base);
    }
    let registry = if login.registry == "docker.io" { "registry-1.docker.io" } else { &login.registry };
    let buildx = match call.env("BUILDX_CONFIG") {
        "" => base.join("buildx"),
        dir => PathBuf::from(dir),
    };
    let dir = buildx.join("config").join(registry);
    Ok(match login.scope.strip_prefix('@') {
        Some(_) => PathBuf::from(format!("{}{}", dir.display(), login.scope)),
        None => dir.join(&login.scope),
    })
}

/// `DOCKER_CONFIG`, else `~/.docker`, as the job names it.
pub(crate) fn docker_config(call: &NativeCall) -> PathBuf {
    match call.env("DOCKER_CONFIG") {
        dir if dir.starts_with('/') => PathBuf::from(dir),
        _ => call.home().join(".docker"),
    }
}

/// The credentials of a directory of the job. A job in a sandbox must not make this process start helper programs of its
/// choosing, so they are not looked for there.
pub(crate) fn keychain_in(call: &NativeCall, inside: &Path) -> Result<Keychain> {
    let files = Files(&call.place.sandbox);
    let config = inside.join("config.json");
    let real = files.resolve(&config).map_err(Fault::io("find", &config))?;
    let isolated = call.place.sandbox.isolation().mode != sandbox::Mode::Host;
    let environment: Environment = match isolated {
        true => std::iter::empty::<(String, String)>().collect(),
        false => call.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    let dir = real.parent().unwrap_or(Path::new("/"));
    if real.file_name() != Some("config.json".as_ref()) {
        return Err(Fault::Text(format!("{} is a link to {}; put a file there", config.display(), real.display())));
    }
    Ok(Keychain::in_directory(&files.host(dir), environment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries() {
        for (text, want) in [
            ("https://index.docker.io/v1/", "docker.io"),
            ("ghcr.io", "ghcr.io"),
            ("http://localhost:5000/v2/", "localhost:5000"),
        ] {
            assert_eq!(host(text), want);
        }
        for (registry, want) in [
            ("123456789012.dkr.ecr.eu-west-3.amazonaws.com", true),
            ("public.ecr.aws", true),
            ("12345.dkr.ecr.eu-west-3.amazonaws.com", false),
            ("ghcr.io", false),
        ] {
            assert_eq!(is_ecr(registry), want, "{registry}");
        }
    }
}
