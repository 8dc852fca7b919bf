//! Listens for calls of the command.

use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::commands;
use crate::ground::Ground;
use crate::session::Session;
use crate::wire::{self, FromClient, FromServer};

/// For how long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server. Ends when dropped; [`Server::close`] also ends the containers.
#[derive(Debug)]
pub struct Server {
    ground: Arc<Late>,
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

/// Makes what a server stands on.
type Make = Box<dyn Fn() -> Result<Ground, String> + Send + Sync>;

/// What the server stands on, made at the first call.
struct Late {
    made: OnceLock<Arc<Ground>>,
    make: Mutex<Make>,
}

impl std::fmt::Debug for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Late").field(&self.made).finish()
    }
}

impl Late {
    fn get(&self) -> Result<Arc<Ground>, String> {
        let make = self.make.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = self.made.get() {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(make()?);
        Ok(Arc::clone(self.made.get_or_init(|| made)))
    }
}

impl Server {
    /// Listens on a socket, a path of the host. The directory exists; whoever can enter it may call.
    pub fn start(path: &Path, ground: Ground) -> io::Result<Self> {
        Self::start_late(path, Box::new(move || Ok(ground.clone())))
    }

    /// The same for a job that may never call: what the server stands on is made at the first call. A caller is told why
    /// that failed.
    pub fn start_late(path: &Path, make: Make) -> io::Result<Self> {
        // A path of a socket is limited to 107 bytes; its directory's open file is as good.
        let parent = path.parent().unwrap_or(Path::new("/"));
        let name = path.file_name().unwrap_or_default();
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
        let dir = rustix::fs::open(parent, flags, rustix::fs::Mode::empty())?;
        let short = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&dir))).join(name);
        let _ = std::fs::remove_file(&short);
        let listener = StdListener::bind(&short)?;
        // Steps of a job may run as other users of the job.
        std::fs::set_permissions(&short, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
        listener.set_nonblocking(true)?;
        let listener = UnixListener::from_std(listener)?;
        let ground = Arc::new(Late { made: OnceLock::new(), make: Mutex::new(make) });
        let task = tokio::spawn(listen(listener, Arc::clone(&ground)));
        Ok(Self { ground, path: path.to_owned(), task })
    }

    /// Ends all calls and all containers.
    pub async fn close(&self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
        if let Some(ground) = self.ground.made.get() {
            ground.table.close().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: UnixListener, ground: Arc<Late>) {
    // Calls end with the server.
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    calls.spawn(call(stream, Arc::clone(&ground)));
                }
                // Out of file descriptors, say: not for ever.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = calls.join_next() => {}
        }
    }
}

async fn call(stream: UnixStream, ground: Arc<Late>) {
    let _ = answer(stream, ground).await;
}

async fn answer(stream: UnixStream, ground: Arc<Late>) -> io::Result<()> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    let (stream, hello, files) = tokio::task::spawn_blocking(move || {
        let mut stream = stream;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (hello, files) = wire::receive_hello(&mut stream)?;
        stream.set_read_timeout(None)?;
        stream.set_nonblocking(true)?;
        io::Result::Ok((stream, hello, files))
    })
    .await??;
    let (mut read, mut write) = UnixStream::from_std(stream)?.into_split();
    let ground = match tokio::task::spawn_blocking(move || ground.get()).await? {
        Ok(ground) => ground,
        Err(why) => {
            if let Some(stderr) = files.into_iter().nth(2) {
                use std::io::Write as _;
                // A caller that does not listen gets the exit code.
                let _ = writeln!(std::fs::File::from(stderr), "docker: {why}");
            }
            return write.write_all(&wire::encode(&FromServer::Exit(125))?).await;
        }
    };
    let (said, from_client) = mpsc::channel(16);
    let (to_client, mut answers) = mpsc::channel::<FromServer>(4);
    let session = Session::new(ground, hello, files, from_client, to_client);
    let listening = async {
        while let Ok(message) = receive(&mut read).await {
            if said.send(message).await.is_err() {
                break;
            }
        }
        // The caller is gone, as if its terminal had been closed.
        let _ = said.send(FromClient::Signal(1)).await;
        std::future::pending::<()>().await;
    };
    let answering = async {
        while let Some(answer) = answers.recv().await {
            write.write_all(&wire::encode(&answer)?).await?;
            if matches!(answer, FromServer::Exit(_)) {
                break;
            }
        }
        io::Result::Ok(())
    };
    let working = async {
        let code = commands::carry_out(&session).await;
        let to_client = session.to_client.clone();
        // Its streams are closed before the caller learns of the end.
        drop(session);
        let _ = to_client.send(FromServer::Exit(code)).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answered = answering => answered,
        () = listening => Ok(()),
        () = working => Ok(()),
    }
}

async fn receive(read: &mut (impl tokio::io::AsyncRead + Unpin)) -> io::Result<FromClient> {
    let mut head = [0; 4];
    read.read_exact(&mut head).await?;
    let mut text = vec![0; wire::length(head)?];
    read.read_exact(&mut text).await?;
    Ok(serde_json::from_slice(&text)?)
}
