//! The `docker` command inside a job: hands everything to the server and passes signals on.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::wire::{self, FromClient, FromServer, Hello};

/// Names the server's socket. Set in a job that has this command; also tells that the program is meant to be it.
pub const SOCKET_VARIABLE: &str = "TRUNKLINE_DOCKER_SOCKET";

/// When this process was started under the name `docker` in a job: does that work and never returns. Otherwise returns at
/// once.
pub fn maybe_run_client() {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    if Path::new(&name).file_name().is_none_or(|name| name != "docker") {
        return;
    }
    let argv = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    let code = match run(argv) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "docker: {error}");
            125
        }
    };
    std::process::exit(i32::from(code));
}

fn run(argv: Vec<String>) -> io::Result<u8> {
    let path = std::env::var_os(SOCKET_VARIABLE).filter(|path| !path.is_empty());
    let path =
        path.ok_or_else(|| io::Error::other("this is Trunkline's docker command; it works inside its jobs only"))?;
    let (stdin, stdout, stderr) = (rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr());
    let hello = Hello {
        argv,
        cwd: std::env::current_dir().map_or_else(|_| "/".into(), |path| path.to_string_lossy().into_owned()),
        env: std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect(),
        terminals: [isatty(stdin), isatty(stdout), isatty(stderr)],
        size: size(),
    };
    let signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH])?;
    converse(Path::new(&path), &hello, &[stdin.as_fd(), stdout.as_fd(), stderr.as_fd()], Some(signals))
}

/// A call made from within another program.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Arguments without the program.
    pub argv: Vec<String>,
    pub cwd: String,
    pub env: std::collections::BTreeMap<String, String>,
}

impl Call {
    /// Makes the call and waits for its end. Gives the exit code. Blocks.
    ///
    /// # Errors
    /// When the server cannot be reached, or ends before the command.
    pub fn make(self, socket: &Path, streams: [BorrowedFd<'_>; 3]) -> io::Result<u8> {
        let Self { argv, cwd, env } = self;
        let hello = Hello { argv, cwd, env, ..Hello::default() };
        converse(socket, &hello, &streams, None)
    }
}

fn converse(path: &Path, hello: &Hello, streams: &[BorrowedFd<'_>; 3], signals: Option<Signals>) -> io::Result<u8> {
    let cannot = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot reach the job's runner at {}: {error}", path.display()))
    };
    let mut stream = UnixStream::connect(path).map_err(cannot)?;
    wire::send_hello(&mut stream, hello, streams).map_err(cannot)?;
    if let Some(signals) = signals {
        forward(signals, stream.try_clone()?)?;
    }
    let before: Arc<Mutex<Option<Termios>>> = Arc::default();
    let code = loop {
        match wire::receive(&mut stream) {
            Ok(FromServer::Exit(code)) => break Ok(code),
            Ok(FromServer::Raw) => make_raw(&before),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                break Err(io::Error::other("the job's runner has gone"));
            }
            Err(error) => break Err(error),
        }
    };
    if let Ok(mut before) = before.lock()
        && let Some(attributes) = before.take()
    {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &attributes);
    }
    code
}

/// Signals do not end this process: the server decides what becomes of them.
fn forward(mut signals: Signals, mut stream: UnixStream) -> io::Result<()> {
    let run = move || {
        for signal in signals.forever() {
            let message = match (signal, size()) {
                (SIGWINCH, Some((rows, columns))) => FromClient::Resize(rows, columns),
                (SIGWINCH, None) => continue,
                (signal, _) => FromClient::Signal(signal),
            };
            if wire::send(&mut stream, &message).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(run).map(drop)
}

fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(rustix::stdio::stdout()).or_else(|_| tcgetwinsize(rustix::stdio::stdin())).ok()?;
    Some((size.ws_row, size.ws_col))
}

fn make_raw(before: &Mutex<Option<Termios>>) {
    let stdin = rustix::stdio::stdin();
    let Ok(attributes) = tcgetattr(stdin) else { return };
    let mut raw = attributes.clone();
    raw.make_raw();
    if tcsetattr(stdin, OptionalActions::Now, &raw).is_ok()
        && let Ok(mut before) = before.lock()
    {
        before.get_or_insert(attributes);
    }
}
