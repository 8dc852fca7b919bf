//! One sandbox, seen from the calling process.

mod image;
mod inside;

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::launcher::{Ground, Prepared, Shared};
use crate::network::Place;
use crate::remote::Remote;
use crate::wire::{FromInit, Ids, Setup, Shown, Start, ToInit, stage};
use crate::{
    Capability, Command, Error, EtcFile, IdRange, Isolation, Mode, Process, ProcessName, SandboxSpec, Tree, remains,
    tree,
};

/// A place where processes live. Cheap to clone; when the last clone is dropped everything inside is killed.
#[derive(Debug, Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    launcher: Arc<Shared>,
    remote: Arc<Remote>,
    number: u32,
    ground: Ground,
    /// What an overlay with a kept upper layer may have left beside it.
    work: Option<PathBuf>,
    /// Where `hosts`, `hostname` and `resolv.conf` of an image root lie on the host.
    etc: Option<PathBuf>,
    /// Its place in a network.
    place: Place,
    job_dir: PathBuf,
    /// The init's process id on the host.
    init: i32,
    /// The same, and never another process.
    handle: Option<OwnedFd>,
    cgroups: Vec<PathBuf>,
    isolation: Isolation,
    /// Path inside, path on the host.
    backed: Vec<(PathBuf, PathBuf)>,
    /// Targets of overlays mounted later; they cover what is backed.
    overlays: Mutex<Vec<PathBuf>>,
    layers: AtomicU32,
    ended: AtomicBool,
}

/// Sends the job's description to a prepared init and waits until it has settled.
pub(crate) async fn open(launcher: Arc<Shared>, prepared: Prepared, spec: SandboxSpec) -> Result<Sandbox, Error> {
    image::check(&spec)?;
    tree::check(&spec)?;
    let (dirs, backed) = prepare_job(&launcher, &spec)?;
    let place = Place::take(&spec.network, &spec.hostname).await?;
    let etc = image::write_etc(&spec, &place)?;
    let (ground, work) = (Ground::of(&spec), image::work(&spec.root));
    let setup = Setup {
        image: image::setup(&launcher, &spec, etc.as_deref())?,
        private_network: spec.network == crate::Network::Private,
        given_network: place.namespace().is_some(),
        hostname: spec.hostname,
        job_dir: spec.job_dir.clone(),
        shown: dirs,
        hide: spec.hide,
        memory_bytes: spec.limits.memory_bytes,
        pids: spec.limits.pids,
        cpus: spec.limits.cpus,
    };
    let (remote, ready) = Remote::new(prepared.channel)
        .map_err(|source| Error::Io { what: "connecting to the sandbox's init".into(), source })?;
    // A prepared init that failed meanwhile says why before its socket closes, so a failed send is not the answer.
    let given = place.namespace().map(std::os::fd::OwnedFd::try_clone).transpose();
    let given = given.map_err(|source| Error::Io { what: "passing the network on".into(), source })?;
    let mut given: Vec<_> = given.into_iter().collect();
    for bind in &spec.trees {
        given.push(bind.tree.open().map_err(|source| Error::Io { what: "passing a directory on".into(), source })?);
    }
    let _ = remote.send(&ToInit::Setup { setup: Box::new(setup) }, &given).await;
    let ready = match ready.await {
        Ok(FromInit::Ready { ready }) => ready,
        Ok(FromInit::Failed { step, errno }) => {
            return Err(Error::Setup { step, source: io::Error::from_raw_os_error(errno) });
        }
        _ => return Err(Error::Gone),
    };
    let isolation = Isolation {
        mode: match ready.mode {
            0 => Mode::Root,
            1 => Mode::User,
            _ => Mode::Host,
        },
        pid_namespace: ready.pid_namespace,
        overlay: ready.overlay,
        network: ready.network,
        limits: ready.limits,
        missing: ready.missing,
        uids: IdRange::all(&ready.uids),
        gids: IdRange::all(&ready.gids),
    };
    Ok(Sandbox {
        inner: Arc::new(Inner {
            launcher,
            remote,
            number: prepared.number,
            ground,
            work,
            etc,
            place,
            job_dir: spec.job_dir,
            init: ready.pid,
            handle: inside::handle(ready.pid),
            cgroups: ready.cgroups,
            isolation,
            backed,
            overlays: Mutex::default(),
            layers: AtomicU32::new(0),
            ended: AtomicBool::new(false),
        }),
    })
}

type Backed = Vec<(PathBuf, PathBuf)>;

/// Makes the job's directories. Returns what is to be mounted and what backs what.
fn prepare_job(launcher: &Shared, spec: &SandboxSpec) -> Result<(Vec<Shown>, Backed), Error> {
    let targets =
        spec.dirs.iter().map(|dir| &dir.path).chain(spec.binds.iter().flat_map(|bind| [&bind.source, &bind.target]));
    for path in targets.chain(&spec.hide).chain([&spec.job_dir]) {
        if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
            return Err(Error::Path { path: path.clone(), why: "must be absolute and without `..`" });
        }
    }
    let made = |path: &Path, mode: u32| {
        let make = || {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(path)?;
            if mode == 0o755 { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(mode)) }
        };
        make().map_err(|source| Error::Io { what: format!("making {}", path.display()), source })
    };
    made(&spec.job_dir, 0o755)?;
    if !spec.job_dir.starts_with(&launcher.instance) {
        remains::record(&launcher.instance, &spec.job_dir)
            .map_err(|source| Error::Io { what: "recording the job's directory".into(), source })?;
    }
    let store = spec.job_dir.join("dirs");
    let mut dirs: Vec<&Path> = spec.dirs.iter().map(|dir| dir.path.as_path()).collect();
    dirs.sort_unstable();
    let (mut shown, mut backed) = (Vec::<Shown>::new(), Vec::new());
    for inside in dirs {
        // Below another fresh directory it is part of that one.
        let outer = shown.iter().find_map(|outer| Some((&outer.source, inside.strip_prefix(&outer.target).ok()?)));
        let source = match outer {
            Some((outer, rest)) => outer.join(rest),
            None => {
                let source = store.join(format!("{}", shown.len()));
                shown.push(Shown { source: source.clone(), target: inside.to_owned(), read_only: false, given: None });
                source
            }
        };
        let temporary = inside == Path::new("/tmp") || inside == Path::new("/var/tmp");
        made(&source, if temporary { 0o1777 } else { 0o755 })?;
        backed.push((inside.to_owned(), source));
    }
    for bind in &spec.binds {
        let (source, target) = (bind.source.clone(), bind.target.clone());
        shown.push(Shown { source, target, read_only: bind.read_only, given: None });
        backed.push((bind.target.clone(), bind.source.clone()));
    }
    shown.extend(spec.trees.iter().map(|bind| Shown {
        source: bind.tree.path().to_owned(),
        target: bind.target.clone(),
        read_only: bind.read_only,
        given: Some(bind.tree.is_file()),
    }));
    Ok((shown, backed))
}

impl Sandbox {
    /// How far it is isolated in truth.
    pub fn isolation(&self) -> &Isolation {
        &self.inner.isolation
    }

    /// Mounts an overlay of the host directory `lower` (below the launcher's `snapshot_root`) at `target`, a path
    /// inside, which is created when missing. Writes go to `job_dir`. [`Error::Unsupported`] in host mode.
    pub async fn mount_overlay(&self, lower: &Path, target: &Path) -> Result<(), Error> {
        let inner = &*self.inner;
        if !inner.isolation.overlay {
            return Err(Error::Unsupported("overlays cannot be mounted in host mode".into()));
        }
        let below = inner.launcher.config.snapshot_root.as_ref().is_some_and(|root| lower.starts_with(root));
        if !below || lower.components().any(|part| part == Component::ParentDir) {
            return Err(Error::Path { path: lower.to_owned(), why: "must lie in the snapshot store" });
        }
        if !target.is_absolute() {
            return Err(Error::Path { path: target.to_owned(), why: "must be absolute" });
        }
        let layers = inner.job_dir.join("layers");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&layers)
            .map_err(|source| Error::Io { what: format!("making {}", layers.display()), source })?;
        let layer = layers.join(inner.layers.fetch_add(1, Ordering::Relaxed).to_string());
        let (lower, inside) = (lower.to_owned(), target.to_owned());
        match inner.remote.ask(|id| ToInit::Mount { id, lower, layer, target: inside }).await? {
            FromInit::Refused { errno, .. } => {
                Err(Error::Mount { target: target.to_owned(), source: io::Error::from_raw_os_error(errno) })
            }
            _ => {
                inner.overlays.lock().unwrap_or_else(PoisonError::into_inner).push(target.to_owned());
                Ok(())
            }
        }
    }

    /// Rewrites one of the mounted files below `/etc`. [`Error::Unsupported`] without an image root.
    pub async fn write_etc(&self, file: EtcFile, content: &str) -> Result<(), Error> {
        let Some(etc) = &self.inner.etc else {
            let why = "only sandboxes with an image root have files of their own below /etc";
            return Err(Error::Unsupported(why.into()));
        };
        // In place: what is mounted is this very file.
        let path = etc.join(file.name());
        fs::write(&path, content).map_err(|source| Error::Io { what: format!("writing {}", path.display()), source })
    }

    /// The address in its private network.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.inner.place.address()
    }

    /// What another sandbox joins.
    pub(crate) fn place(&self) -> &Place {
        &self.inner.place
    }

    pub(crate) fn init(&self) -> i32 {
        self.inner.init
    }

    pub(crate) fn etc(&self) -> Option<&Path> {
        self.inner.etc.as_deref()
    }

    /// What lies at a path inside, with everything mounted there, to be shown in another sandbox of the same launcher. Links
    /// are resolved as inside. [`Error::Unsupported`] in host mode, where [`Sandbox::host_path`] does.
    pub async fn tree(&self, inside: &Path) -> Result<Tree, Error> {
        if self.inner.isolation.mode == Mode::Host {
            return Err(Error::Unsupported("in host mode a path is the host's".into()));
        }
        let (remote, path) = (&self.inner.remote, inside.to_owned());
        let mut asked = 0;
        let answer = remote.ask(|id| {
            asked = id;
            ToInit::Tree { id, path }
        });
        match answer.await? {
            FromInit::Tree { file, .. } => {
                let mount = remote.take_tree(asked).ok_or(Error::Gone)?;
                Ok(Tree::new(inside.to_owned(), file, mount))
            }
            FromInit::Refused { errno, .. } => Err(Error::Io {
                what: format!("opening {} of another sandbox", inside.display()),
                source: io::Error::from_raw_os_error(errno),
            }),
            _ => Err(Error::Gone),
        }
    }

    /// Starts a process; returns when the program runs, or with the reason why it does not.
    pub async fn spawn(&self, command: Command) -> Result<Process, Error> {
        let remote = &self.inner.remote;
        let key = remote.next_id();
        let program = command.argv.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        let cwd = command.cwd.clone();
        let start = Start {
            key,
            argv: command.argv,
            env: command.env,
            cwd: command.cwd,
            stdin: command.stdin.is_some(),
            stdout: command.stdout.is_some(),
            stderr: command.stderr.is_some(),
            new_session: command.new_session,
            controlling_tty: command.controlling_tty,
            user: command.user.map(|user| Ids { uid: user.uid, gid: user.gid, groups: user.groups }),
            capabilities: command.capabilities.as_ref().map(Capability::mask),
        };
        let ids = start.user.as_ref().map_or((0, 0), |user| (user.uid, user.gid));
        let fds: Vec<_> = [command.stdin, command.stdout, command.stderr].into_iter().flatten().collect();
        let answer = remote.expect(key)?;
        let exit = remote.expect_exit(key);
        let sent = remote.send(&ToInit::Start { start }, &fds).await;
        drop(fds);
        let answer = match sent {
            Ok(()) => answer.await.map_err(|_| Error::Gone),
            Err(error) => Err(error),
        };
        match answer {
            Ok(FromInit::Started { pid, .. }) => Ok(Process { remote: Arc::clone(remote), key, pid, exit }),
            Ok(FromInit::NotStarted { stage, errno, .. }) => {
                remote.forget_exit(key);
                let mapped = self.inner.isolation.uids.len() != 1;
                Err(not_started(program, cwd, ids, mapped, stage, errno))
            }
            Ok(_) | Err(_) => {
                remote.forget_exit(key);
                Err(Error::Gone)
            }
        }
    }

    /// Kills everything inside but the sandbox's own init, and returns when all of it is gone.
    pub async fn kill_all(&self) -> Result<(), Error> {
        self.inner.remote.ask(|id| ToInit::KillAll { id }).await.map(drop)
    }

    /// What is running inside, init left out.
    pub async fn processes(&self) -> Result<Vec<ProcessName>, Error> {
        match self.inner.remote.ask(|id| ToInit::List { id }).await? {
            FromInit::Names { names, .. } => {
                Ok(names.into_iter().map(|(pid, name)| ProcessName { pid, name }).collect())
            }
            _ => Err(Error::Gone),
        }
    }

    /// The host path of a path inside: the backing directory of fresh directories and binds, otherwise a path
    /// through `/proc/<init>/root`, valid while the sandbox lives.
    pub fn host_path(&self, inside: &Path) -> PathBuf {
        let inner = &*self.inner;
        if inner.isolation.mode == Mode::Host {
            return self.inside_path(inside);
        }
        let backed = longest(&inner.backed, inside);
        let overlays = inner.overlays.lock().unwrap_or_else(PoisonError::into_inner);
        let covered =
            overlays.iter().filter(|target| inside.starts_with(target)).map(|target| target.as_os_str().len()).max();
        // The backing directory shows nothing of what is mounted further down.
        let holds_others = overlays.iter().any(|target| target.starts_with(inside));
        match backed {
            Some((target, host)) if !holds_others && covered.is_none_or(|length| length < target.as_os_str().len()) => {
                rebase(inside, target, host)
            }
            _ => Path::new("/proc")
                .join(inner.init.to_string())
                .join("root")
                .join(inside.strip_prefix("/").unwrap_or(inside)),
        }
    }

    /// Opens a file of the job, by a path inside, with `open`'s flags (`O_*` of libc; `mode` for what is made). Links that
    /// the job made or changes meanwhile never lead out of the sandbox, which [`host_path`](Self::host_path) cannot
    /// promise. In host mode it opens what [`inside_path`](Self::inside_path) names. Add `O_NONBLOCK` where a pipe must not
    /// keep the caller waiting.
    pub fn open_inside(&self, path: &Path, flags: i32, mode: u32) -> io::Result<fs::File> {
        let inner = &*self.inner;
        let flags = rustix::fs::OFlags::from_bits_retain(flags.cast_unsigned());
        if inner.isolation.mode == Mode::Host {
            return inside::open_plainly(&self.inside_path(path), flags, mode);
        }
        let alive = !inner.ended.load(Ordering::Acquire);
        let handle = inner.handle.as_ref().filter(|_| alive).ok_or(io::ErrorKind::NotFound)?;
        inside::open(inner.init, handle, path, flags, mode)
    }

    /// The path under which processes of this sandbox find what the spec asked for at `wanted`: the same when
    /// isolated; in host mode, where nothing can be mounted, the backing directory of fresh directories and binds.
    pub fn inside_path(&self, wanted: &Path) -> PathBuf {
        if self.inner.isolation.mode != Mode::Host {
            return wanted.to_owned();
        }
        longest(&self.inner.backed, wanted)
            .map_or_else(|| wanted.to_owned(), |(target, host)| rebase(wanted, target, host))
    }

    /// Kills everything, waits for the end of all processes and removes the layers and fresh directories (large
    /// trees in the background). Calling it again does nothing.
    pub async fn destroy(&self) -> Result<(), Error> {
        if self.inner.ended.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        // An init that is gone has taken everything with it.
        let _ = self.inner.remote.ask(|id| ToInit::End { id }).await;
        self.inner.clear();
        Ok(())
    }
}

impl PartialEq for Sandbox {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Inner {
    fn clear(&self) {
        let mut paths = vec![self.launcher.instance.join("layers").join(self.number.to_string())];
        for part in remains::JOB_PARTS {
            let own = self.job_dir.join(part);
            let trash = self.launcher.instance.join("trash").join(format!("{}-{part}", self.number));
            // A rename makes the job's directory free for another at once.
            paths.push(if fs::rename(&own, &trash).is_ok() { trash } else { own });
        }
        let _ = fs::remove_dir(&self.job_dir);
        paths.extend(self.work.clone().filter(|work| remains::is_overlay_work(work)));
        let job_dir = (!self.job_dir.starts_with(&self.launcher.instance)).then_some(&self.job_dir);
        let records: Vec<_> = job_dir
            .into_iter()
            .chain(&self.cgroups)
            .chain(&self.work)
            .map(|what| remains::record_path(&self.launcher.instance, what))
            .collect();
        self.launcher.remove(self.ground, paths, self.cgroups.clone(), records);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.remote.close();
        if !self.ended.load(Ordering::Acquire) {
            self.clear();
        }
    }
}

fn longest<'a>(backed: &'a [(PathBuf, PathBuf)], path: &Path) -> Option<(&'a Path, &'a Path)> {
    backed
        .iter()
        .filter(|(target, _)| path.starts_with(target))
        .max_by_key(|(target, _)| target.as_os_str().len())
        .map(|(target, host)| (target.as_path(), host.as_path()))
}

fn rebase(path: &Path, from: &Path, to: &Path) -> PathBuf {
    match path.strip_prefix(from) {
        Ok(relative) if !relative.as_os_str().is_empty() => to.join(relative),
        _ => to.to_owned(),
    }
}

fn not_started(program: String, cwd: PathBuf, ids: (u32, u32), mapped: bool, failed: u8, errno: i32) -> Error {
    let source = io::Error::from_raw_os_error(errno);
    match failed {
        stage::CWD => Error::WorkingDirectory { path: cwd, source },
        stage::USER => Error::User { program, uid: ids.0, gid: ids.1, mapped, source },
        stage::LIMITS => Error::Confinement { program, what: "limits", source },
        stage::CAPABILITIES => Error::Confinement { program, what: "capabilities", source },
        stage::INTERPRETER => Error::InterpreterNotFound { program },
        stage::EXEC if matches!(errno, libc::ENOENT | libc::ENOTDIR) => {
            let searched = !program.contains('/');
            Error::ProgramNotFound { program, searched }
        }
        stage::EXEC => Error::NotExecutable { program, source },
        _ => Error::Spawn { program, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_backing_wins() {
        let backed = vec![
            (PathBuf::from("/home/r"), PathBuf::from("/j/home/r")),
            (PathBuf::from("/home/r/t"), PathBuf::from("/t")),
        ];
        let found =
            |path: &str| longest(&backed, Path::new(path)).map(|(target, host)| rebase(Path::new(path), target, host));
        assert_eq!(found("/home/r"), Some("/j/home/r".into()));
        assert_eq!(found("/home/r/t/x"), Some("/t/x".into()));
        assert_eq!(found("/home/rx"), None);
    }
}
