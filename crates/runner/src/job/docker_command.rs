//! The `docker` command for a job that finds no usable one.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use docker::{Ground, OwnRegistry, SOCKET_VARIABLE, Server};
use image::client::ClientConfig;
use sandbox::Placement;

use super::shared::Job;

/// Its directory, beside those of actions.
const DIRECTORY: &str = "_docker";
const SOCKET: &str = "docker.sock";

/// The server, and what the job's environment gets for it.
pub(super) struct DockerCommand {
    pub(super) server: Server,
    pub(super) env: [(String, String); 2],
}

/// Starts the server and puts the command into a directory of the job. `None` when the job has a docker of its own.
///
/// # Errors
/// A directory or socket that cannot be made. The job goes on without the command.
pub(super) fn start(job: &Job) -> io::Result<Option<DockerCommand>> {
    let own = job.own_container();
    if own.is_none() && has_docker(job) {
        return Ok(None);
    }
    let work = job.layout.temp.parent().unwrap_or(Path::new("/")).to_owned();
    let inside = work.join(DIRECTORY);
    let host = job.host(&inside);
    std::fs::create_dir_all(&host)?;
    let program = std::env::current_exe()?;
    match own {
        // The image may lack what this program is linked with.
        Some(own) => {
            let Some(carried) = &own.programs.docker else { return Ok(None) };
            let script = host.join("docker");
            std::fs::write(&script, carried.script())?;
            std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
        }
        None => std::os::unix::fs::symlink(&program, host.join("docker"))?,
    }
    let around = job.around.clone();
    let (sandbox, table) = (job.sandbox.clone(), job.table.clone());
    let server = Server::start_late(
        &host.join(SOCKET),
        Box::new(move || {
            let images = &around.images;
            Ok(Ground {
                table: table.get().map_err(|error| error.to_string())?.clone(),
                store: images.store().map_err(|error| error.to_string())?.clone(),
                launcher: images.launcher.clone(),
                client: ClientConfig { routes: images.registries.routes().clone(), ..ClientConfig::default() },
                own: images.registries.own().map(|(hosts, credentials)| {
                    let logged_in = images.registries.login().map(|(registry, _)| registry.to_owned());
                    OwnRegistry { hosts, credentials, logged_in }
                }),
                builder: images.builder_dir.clone(),
                sandbox: Some(sandbox.clone()),
            })
        }),
    )?;
    let path = job.base_env.get("PATH").cloned().unwrap_or_default();
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let env = [
        (SOCKET_VARIABLE.to_owned(), text(inside.join(SOCKET))),
        ("PATH".to_owned(), format!("{}:{path}", text(inside))),
    ];
    Ok(Some(DockerCommand { server, env }))
}

/// Whether there is a docker that has a daemon to talk to.
fn has_docker(job: &Job) -> bool {
    let Some(path) = job.base_env.get("PATH") else { return false };
    let program = path.split(':').any(|dir| !dir.is_empty() && job.host(&Path::new(dir).join("docker")).is_file());
    let daemon = job.base_env.contains_key("DOCKER_HOST")
        || (job.request.placement == Placement::Host && Path::new("/var/run/docker.sock").exists());
    program && daemon
}
