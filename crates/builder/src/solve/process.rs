//! Carrying out `RUN`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::layer::{Options, diff};
use sandbox::{Capability, Command, IdRange, Network, Rlimit, Root, SandboxSpec, User};

use super::Solver;
use crate::event::Event;
use crate::graph::{Layer, RunOp, StepRef};
use crate::request::NetworkMode;
use crate::run::{Mounts, Output};
use crate::{Error, account};

impl Solver<'_> {
    pub(super) async fn run_process(&self, index: StepRef, run: &RunOp, _below: &[Layer]) -> Result<Layer, Error> {
        let step = &self.graph.steps[index];
        crate::run::check_platform(&step.platform).map_err(|why| self.at(index, why))?;
        let unpacked = self.unpacked(step.below).await?;
        let view = self.view(step.below).await?;
        let account = {
            let (view, user) = (view.clone(), run.user.clone());
            crate::blocking::run(move || Ok(account::process(Some(&*view), &user))).await?
        };
        let account = account.map_err(|why| self.at(index, why))?;
        let work = self.session.scratch.directory("run").map_err(Error::io("making a temporary directory"))?;
        let mounts = Mounts::prepare(self, index, run, &work).await?;
        let upper = work.join("upper");
        let mut spec = SandboxSpec::new(format!("build-{}", step.id.0), work.join("job"));
        spec.hostname = "buildkitsandbox".to_owned();
        let lowers = unpacked.as_ref().map(|unpacked| unpacked.lowers().to_vec()).unwrap_or_default();
        spec.root = Root::Layers { lowers, upper: Some(upper.clone()) };
        spec.network = match (run.network, self.build.network) {
            (dockerfile::Network::None, _) | (dockerfile::Network::Default, NetworkMode::None) => Network::Private,
            _ => Network::Host,
        };
        spec.binds = mounts.binds();
        let confinement = &mut spec.confinement;
        confinement.tmpfs = mounts.tmpfs();
        if run.insecure {
            confinement.capabilities = Capability::all();
            confinement.privileged = true;
        }
        if let Some(size) = self.build.shm_size {
            confinement.shm_bytes = size;
        }
        for (name, soft, hard) in &self.build.ulimits {
            let resource = sandbox::Resource::from_name(name)
                .ok_or_else(|| Error::Request(format!("there is no limit named {name}")))?;
            confinement.rlimits.push(Rlimit { resource, soft: *soft, hard: *hard });
        }
        for (name, address) in &self.build.add_hosts {
            let address = match address.as_str() {
                "host-gateway" => std::net::Ipv4Addr::LOCALHOST.into(),
                text => text.parse().map_err(|_| Error::Request(format!("--add-host {name}: {text} is no address")))?,
            };
            confinement.etc.extra_hosts.push((name.clone(), address));
        }
        let sandbox = self.session.launcher.sandbox(spec).await?;
        if sandbox.isolation().mode == sandbox::Mode::Host {
            let missing = sandbox.isolation().missing.join("; ");
            return Err(self.at(index, format!("RUN needs namespaces, which are not to be had here: {missing}")));
        }
        make_cwd(&sandbox.host_path(Path::new("/")), &run.cwd)
            .map_err(Error::io(format!("making {}", run.cwd.display())))?;
        let mut output = Output::new(self.session.events.clone(), step.id, self.secrets);
        let (stdout, stderr) = output.pipes().map_err(Error::io("making pipes"))?;
        let mut command = Command::new(run.argv.iter().map(OsString::from));
        command.env = environment(run, &account, mounts.env());
        command.cwd.clone_from(&run.cwd);
        command.stdout = Some(stdout);
        command.stderr = Some(stderr);
        command.user = Some(User { uid: account.uid, gid: account.gid, groups: account.groups.clone() });
        let process = match sandbox.spawn(command).await {
            Ok(process) => process,
            Err(error) => {
                let _ = sandbox.destroy().await;
                return Err(self.failed(index, run, 127, &format!("{error}\n")));
            }
        };
        let wait = async {
            let status = process.wait().await;
            // What it left running holds the pipes open, and has no place in a layer.
            if self.session.on_failure.is_none() || status.as_ref().is_ok_and(sandbox::ExitStatus::success) {
                let _ = sandbox.kill_all().await;
            }
            status
        };
        let (status, tail) = tokio::join!(wait, output.read());
        let status = status?;
        if !status.success() {
            self.hold(index, &sandbox, run, &account).await;
            let _ = sandbox.destroy().await;
            let mut tail = tail;
            if status.oom {
                tail += "the kernel killed it: out of memory\n";
            }
            return Err(self.failed(index, run, status.shell_code(), &tail));
        }
        let ids = (sandbox.isolation().uids.clone(), sandbox.isolation().gids.clone());
        sandbox.destroy().await?;
        let layer = self.layer_of(&upper, &ids).await?;
        drop(mounts);
        tokio::task::spawn_blocking(move || crate::inputs::remove(&work));
        Ok(layer)
    }

    /// The changes of a process as a layer.
    async fn layer_of(&self, upper: &Path, (uids, gids): &(Vec<IdRange>, Vec<IdRange>)) -> Result<Layer, Error> {
        let (uids, gids) = (uids.clone(), gids.clone());
        let (store, upper, epoch) = (self.session.store.clone(), upper.to_owned(), self.epoch);
        crate::blocking::run(move || {
            let options = Options { latest: Some(epoch), ..Options::default() };
            let failed = |error: image::layer::LayerError| Error::Io {
                what: "reading what RUN changed".to_owned(),
                source: std::io::Error::other(error),
            };
            if !upper.exists() {
                std::fs::create_dir_all(&upper).map_err(Error::io("reading what RUN changed"))?;
            }
            let inside = |ranges: &[IdRange], id| IdRange::inside_of(ranges, id).unwrap_or(0);
            let owner = |uid, gid| (inside(&uids, uid), inside(&gids, gid));
            let builder = diff(&upper, &|_| true, &owner, options).map_err(failed)?;
            super::files::write(builder, &store)
        })
        .await
    }

    /// Shows a shell in the sandbox of a `RUN` that failed, if somebody wants to look.
    async fn hold(&self, index: StepRef, sandbox: &sandbox::Sandbox, run: &RunOp, account: &account::Account) {
        if let Some(hold) = &self.session.on_failure {
            let user = User { uid: account.uid, gid: account.gid, groups: account.groups.clone() };
            let failed = crate::FailedRun {
                step: self.graph.steps[index].id,
                sandbox: sandbox.clone(),
                env: run.env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
                cwd: run.cwd.clone(),
                user,
            };
            hold.call(failed).await;
        }
    }

    fn failed(&self, index: StepRef, run: &RunOp, code: i32, tail: &str) -> Error {
        let step = &self.graph.steps[index];
        let tail = String::from_utf8_lossy(&self.secrets.hide(tail.as_bytes())).into_owned();
        let sources = self.sources.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let snippet = step.span.map(|span| crate::report::snippet(&sources, span)).unwrap_or_default();
        let mut report = format!("{}\n{snippet}", step.name);
        if !tail.trim().is_empty() {
            report += "the last lines:\n";
            for line in tail.lines() {
                report += &format!("    {line}\n");
            }
        }
        let program = run.argv.join(" ");
        let program: String = program.chars().take(200).collect();
        report += &format!("`{program}` ended with code {code}");
        Error::Run { code, report }
    }

    pub(crate) fn told(&self, index: StepRef, text: &str) {
        let step = self.graph.steps[index].id;
        self.session.events.send(Event::Log { step, stderr: true, data: format!("{text}\n").into_bytes() });
    }
}

/// The working directory is made if it is not there, as a runtime does.
fn make_cwd(root: &Path, cwd: &Path) -> std::io::Result<()> {
    // Only where no link is on the way: a link could lead to this machine's own files.
    let mut here = PathBuf::from(root);
    for part in cwd.strip_prefix("/").unwrap_or(cwd) {
        here.push(part);
        match std::fs::symlink_metadata(&here) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => std::fs::create_dir(&here)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn environment(run: &RunOp, account: &account::Account, secrets: &[(String, Arc<[u8]>)]) -> Vec<(OsString, OsString)> {
    use std::os::unix::ffi::OsStringExt as _;
    let mut env: Vec<(OsString, OsString)> =
        run.env.iter().chain(&run.proxy_env).map(|(name, value)| (name.into(), value.into())).collect();
    if !run.env.iter().any(|(name, _)| name == "HOME") {
        let home = account.home.clone().unwrap_or_else(|| "/".to_owned());
        let home = if account.uid == 0 && account.home.is_none() { "/root".to_owned() } else { home };
        env.push(("HOME".into(), home.into()));
    }
    for (name, value) in secrets {
        env.retain(|(own, _)| own.as_encoded_bytes() != name.as_bytes());
        env.push((name.into(), OsString::from_vec(value.to_vec())));
    }
    env
}
