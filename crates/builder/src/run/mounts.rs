use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dockerfile::{MountKind, Sharing};
use rustix::fs::{FlockOperation, flock};
use sandbox::{Bind, Tmpfs};

use super::copy_tree::{copy_tree, dress};
use crate::Error;
use crate::graph::{RunMount, RunOp, StepRef, Tree};
use crate::inputs::Scratch;
use crate::meta::Meta;
use crate::solve::Solver;
use crate::view::{View, resolve};

/// What is shown to a process, and what has to live as long as it.
#[derive(Default)]
pub(crate) struct Mounts {
    binds: Vec<Bind>,
    tmpfs: Vec<Tmpfs>,
    env: Vec<(String, Arc<[u8]>)>,
    /// Caches that nobody else may use meanwhile.
    _locks: Vec<File>,
    /// Files of secrets; in memory where there is a place for that.
    secrets: Option<Scratch>,
    in_use: Vec<Arc<dyn View>>,
}

impl Mounts {
    pub(crate) async fn prepare(solver: &Solver<'_>, index: StepRef, run: &RunOp, work: &Path) -> Result<Self, Error> {
        let mut mounts = Self::default();
        if let Some((name, content)) = &run.script {
            let directory = work.join("pipes");
            let write = || {
                fs::create_dir(&directory)?;
                let path = directory.join(name);
                fs::write(&path, content)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            };
            write().map_err(Error::io("writing the here-document"))?;
            mounts.binds.push(Bind { source: directory, target: PathBuf::from("/dev/pipes"), read_only: true });
        }
        let mut agents = 0;
        for (number, mount) in run.mounts.iter().enumerate() {
            match &mount.kind {
                MountKind::Bind { source, read_only, .. } => {
                    let place = work.join(format!("mount-{number}"));
                    mounts.bind(solver, index, mount, source, *read_only, place).await?;
                }
                MountKind::Cache { .. } => mounts.cache(solver, index, mount).await?,
                MountKind::Tmpfs { size, read_only, .. } => {
                    let Some(target) = &mount.target else { continue };
                    let mut tmpfs = Tmpfs::new(target);
                    (tmpfs.size_bytes, tmpfs.exec, tmpfs.read_only) = (*size, true, *read_only);
                    mounts.tmpfs.push(tmpfs);
                }
                MountKind::Secret { .. } => mounts.secret(solver, index, mount)?,
                MountKind::Ssh { id, required, .. } => {
                    let Some(socket) = solver.session.agents.socket(id) else {
                        if *required {
                            return Err(
                                solver.at(index, format!("the build has no agent {id}; give it with --ssh {id}"))
                            );
                        }
                        continue;
                    };
                    let default = || PathBuf::from(format!("/run/buildkit/ssh_agent.{agents}"));
                    let target = mount.target.clone().unwrap_or_else(default);
                    if agents == 0 {
                        mounts.env.push(("SSH_AUTH_SOCK".to_owned(), target.to_string_lossy().as_bytes().into()));
                    }
                    agents += 1;
                    mounts.binds.push(Bind { source: socket.to_owned(), target, read_only: false });
                }
            }
        }
        Ok(mounts)
    }

    pub(crate) fn binds(&self) -> Vec<Bind> {
        self.binds.clone()
    }

    pub(crate) fn tmpfs(&self) -> Vec<Tmpfs> {
        self.tmpfs.clone()
    }

    /// Secrets as variables, and where the agent is.
    pub(crate) fn env(&self) -> &[(String, Arc<[u8]>)] {
        &self.env
    }

    async fn bind(
        &mut self,
        solver: &Solver<'_>,
        index: StepRef,
        mount: &RunMount,
        source: &str,
        read_only: bool,
        place: PathBuf,
    ) -> Result<(), Error> {
        let (Some(target), Some(tree)) = (mount.target.clone(), &mount.tree) else { return Ok(()) };
        let (view, direct): (Arc<dyn View>, bool) = match tree {
            Tree::Context(files) => {
                let files = files.clone();
                let whole = files.is_whole();
                (crate::blocking::run(move || files.listing()).await?, whole)
            }
            Tree::Step(step) => (solver.view(*step).await?, true),
        };
        let (own, source) = (view.clone(), PathBuf::from(source));
        let found = crate::blocking::run(move || {
            let show = || {
                let path = resolve(&*own, &source, true)?;
                if own.lookup(&path)?.is_none() {
                    return Err(io::Error::new(io::ErrorKind::NotFound, format!("/{}: not found", path.display())));
                }
                if direct
                    && read_only
                    && let Some(real) = own.whole_path(&path)?
                {
                    return Ok(real);
                }
                copy_tree(&*own, &path, &place)?;
                Ok(place)
            };
            Ok(show())
        })
        .await?;
        let source = found.map_err(|error| solver.at(index, error))?;
        self.in_use.push(view);
        self.binds.push(Bind { source, target, read_only });
        Ok(())
    }

    async fn cache(&mut self, solver: &Solver<'_>, index: StepRef, mount: &RunMount) -> Result<(), Error> {
        let MountKind::Cache { id, source, sharing, read_only, mode, uid, gid, .. } = &mount.kind else {
            return Ok(());
        };
        let Some(target) = mount.target.clone() else { return Ok(()) };
        let name = id.clone().unwrap_or_else(|| target.to_string_lossy().into_owned());
        let top = solver.session.dir.join("mounts").join(blob::Digest::of(name.as_bytes()).hex());
        let failed = || Error::io(format!("preparing the cache {name}"));
        fs::create_dir_all(&top).map_err(failed())?;
        // Others would see the files of a cache as if they were their own.
        fs::set_permissions(solver.session.dir.join("mounts"), fs::Permissions::from_mode(0o700)).map_err(failed())?;
        let slot = match sharing {
            Sharing::Shared => "0".to_owned(),
            Sharing::Locked => {
                let lock = open_lock(&top.join("0.lock")).map_err(failed())?;
                let mut told = false;
                while flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
                    if !std::mem::replace(&mut told, true) {
                        solver.told(index, &format!("waiting for the cache {name}, which another step uses"));
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                self._locks.push(lock);
                "0".to_owned()
            }
            Sharing::Private => {
                let mut number = 0_u32;
                loop {
                    let lock = open_lock(&top.join(format!("{number}.lock"))).map_err(failed())?;
                    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                        self._locks.push(lock);
                        break number.to_string();
                    }
                    number += 1;
                }
            }
        };
        let directory = top.join(slot);
        let has_source = !source.is_empty() && source != "/";
        if !directory.exists() {
            let view = match &mount.tree {
                Some(Tree::Step(step)) => Some(solver.view(*step).await?),
                Some(Tree::Context(files)) => Some(files.listing()? as Arc<dyn View>),
                None => None,
            };
            let meta = Meta::new_directory(mode.unwrap_or(0o755), uid.unwrap_or(0), gid.unwrap_or(0));
            let given = mode.is_some() || uid.is_some() || gid.is_some();
            let (place, source) = (directory.clone(), PathBuf::from(source));
            let made = crate::blocking::run(move || {
                let make = || {
                    let unfinished = place.with_extension(format!("new-{}", uuid::Uuid::now_v7().simple()));
                    match &view {
                        Some(view) => {
                            let path = resolve(&**view, &source, true)?;
                            copy_tree(&**view, &path, &unfinished)?;
                        }
                        None => fs::create_dir(&unfinished)?,
                    }
                    if given || view.is_none() {
                        dress(&unfinished, &meta)?;
                    }
                    match fs::rename(&unfinished, &place) {
                        Ok(()) => Ok(()),
                        // Another step was faster.
                        Err(_) if place.exists() => {
                            crate::inputs::remove(&unfinished);
                            Ok(())
                        }
                        Err(error) => Err(error),
                    }
                };
                Ok(make())
            })
            .await?;
            made.map_err(|error: io::Error| solver.at(index, format!("the cache {name}: {error}")))?;
        }
        let below =
            if has_source && mount.tree.is_none() { below(&directory, source).map_err(failed())? } else { directory };
        self.binds.push(Bind { source: below, target, read_only: *read_only });
        Ok(())
    }

    fn secret(&mut self, solver: &Solver<'_>, index: StepRef, mount: &RunMount) -> Result<(), Error> {
        let MountKind::Secret { id, env, required, mode, uid, gid, .. } = &mount.kind else { return Ok(()) };
        let Some(value) = solver.secrets.get(id) else {
            if *required {
                let message = format!("the build has no secret {id}; give it with --secret id={id},src=FILE");
                return Err(solver.at(index, message));
            }
            return Ok(());
        };
        if let Some(name) = env {
            self.env.push((name.clone(), value.clone()));
        }
        let Some(target) = &mount.target else { return Ok(()) };
        if self.secrets.is_none() {
            let user = rustix::process::geteuid().as_raw();
            let memory = Path::new("/dev/shm").join(format!("trunkline-{user}"));
            let in_memory = private(&memory).and_then(|()| Scratch::create(&memory));
            let scratch = in_memory.or_else(|_| Scratch::create(&solver.session.scratch.path().join("secrets")));
            self.secrets = Some(scratch.map_err(Error::io("making a place for secrets"))?);
        }
        let Some(scratch) = &self.secrets else { return Ok(()) };
        let write = || {
            let path = scratch.directory("secret")?.join("value");
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            io::Write::write_all(&mut file, &value)?;
            dress(&path, &Meta { kind: crate::meta::Kind::File, ..Meta::new_directory(*mode, *uid, *gid) })?;
            Ok::<_, io::Error>(path)
        };
        let source = write().map_err(Error::io(format!("preparing the secret {id}")))?;
        self.binds.push(Bind { source, target: target.clone(), read_only: true });
        Ok(())
    }
}

/// A directory in a cache, made where it is missing. What steps wrote there may be links to anywhere: none is followed.
fn below(cache: &Path, source: &str) -> io::Result<PathBuf> {
    let mut place = cache.to_owned();
    for name in crate::view::clean(Path::new(source)).components() {
        place.push(name);
        match fs::create_dir(&place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !fs::symlink_metadata(&place)?.is_dir() {
            let shown = place.strip_prefix(cache).unwrap_or(&place).display();
            return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("/{shown} in it is no directory")));
        }
    }
    Ok(place)
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

/// A directory of this user's alone, also where everybody may make one.
fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let meta = fs::symlink_metadata(path)?;
    let own = meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0;
    if meta.is_dir() && own { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}
