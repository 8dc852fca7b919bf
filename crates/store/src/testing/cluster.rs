//! A PostgreSQL server of one test.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Listens on a socket in its own directory. It ends with the process that started it, however that ends: a shell waits for
/// the end of its input and stops it.
#[derive(Debug)]
pub struct Cluster {
    directory: tempfile::TempDir,
    programs: PathBuf,
    keeper: Mutex<Option<Child>>,
}

/// Does to the server what its input says, a signal a line: `STOP` and `CONT` go to all its processes, with anything else it
/// is over. At the end of the input the server is stopped at once. `KILL` leaves no process behind: one that lives on would
/// write to the files of the next server.
const KEEPER: &str = r#""$1/postgres" -D "$2" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=60 -c shared_buffers=32MB >"$2/log" 2>&1 </dev/null & pid=$!
while read -r how; do
  case "$how" in
    STOP | CONT) kill -"$how" "$pid" $(pgrep -P "$pid") 2>/dev/null ;;
    KILL) kill -STOP "$pid"; kill -KILL $(pgrep -P "$pid") "$pid" 2>/dev/null; wait "$pid"; exit ;;
    *) break ;;
  esac
done
kill -"${how:-QUIT}" "$pid"; kill -CONT "$pid" $(pgrep -P "$pid") 2>/dev/null; wait "$pid""#;

impl Cluster {
    /// # Errors
    /// The reason why there is none.
    pub(super) fn start() -> Result<Self, String> {
        let programs = programs()?;
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").map_err(said)?;
        open_to_all(directory.path())?;
        let template = template(&programs)?;
        let file = std::fs::File::open(&template).map_err(said)?;
        run(as_server("tar", Some(directory.path())).arg("-xf").arg("-").arg("-C").arg(directory.path()).stdin(file))?;
        let cluster = Self { directory, programs, keeper: Mutex::new(None) };
        cluster.go()?;
        Ok(cluster)
    }

    pub(super) fn address(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.data().display())
    }

    /// Starts the server, which must not run.
    ///
    /// # Errors
    /// What it said.
    pub fn go(&self) -> Result<(), String> {
        let data = self.data();
        let mut command = as_server("sh", Some(self.directory.path()));
        command.arg("-c").arg(KEEPER).arg("sh").arg(&self.programs).arg(&data).stdin(Stdio::piped());
        *self.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(command.spawn().map_err(said)?);
        let patience = Instant::now() + Duration::from_secs(30);
        while Instant::now() < patience {
            let ready =
                Command::new(self.programs.join("pg_isready")).arg("-q").arg("-h").arg(&data).status().map_err(said)?;
            if ready.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(data.join("log")).unwrap_or_default();
        Err(format!("PostgreSQL does not start: {log}"))
    }

    /// Ends the server as a crash would, with all its processes, and waits until it is gone.
    pub fn kill(&self) {
        self.end("KILL");
        let data = self.data();
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
        let _ = std::fs::remove_file(data.join(".s.PGSQL.5432.lock"));
    }

    /// The server answers nothing from here on, and keeps its connections.
    pub fn pause(&self) {
        self.tell("STOP");
    }

    /// After [`Cluster::pause`].
    pub fn resume(&self) {
        self.tell("CONT");
    }

    fn tell(&self, how: &str) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = keeper.as_mut().and_then(|keeper| keeper.stdin.as_mut()) {
            let _ = writeln!(input, "{how}");
        }
    }

    fn end(&self, how: &str) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut keeper) = keeper {
            if let Some(mut input) = keeper.stdin.take() {
                let _ = writeln!(input, "{how}");
            }
            let _ = keeper.wait();
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end("QUIT");
    }
}

fn said(error: std::io::Error) -> String {
    error.to_string()
}

/// Debian keeps each version's programs in a directory of their own.
fn programs() -> Result<PathBuf, String> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, path)| path.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, path)| path).ok_or_else(|| "there is no PostgreSQL below /usr/lib/postgresql".to_owned())
}

/// PostgreSQL refuses to run as root.
fn as_server(program: &str, directory: Option<&Path>) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mut command = if root {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user = if users.lines().any(|line| line.starts_with("postgres:")) { "postgres" } else { "nobody" };
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    command
}

fn open_to_all(directory: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o777)).map_err(said)
}

/// `initdb` takes seconds, so its result is kept beside the test programs.
fn template(programs: &Path) -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(said)?;
    let path = program.with_file_name("postgres-template.tar");
    if path.exists() {
        return Ok(path);
    }
    let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").map_err(said)?;
    open_to_all(directory.path())?;
    let data = directory.path().join("data");
    run(as_server("env", Some(directory.path()))
        .arg(programs.join("initdb"))
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
        .arg(&data)
        .stdout(Stdio::null()))?;
    let mut made = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/tmp"))).map_err(said)?;
    let packed = as_server("tar", Some(directory.path()))
        .args(["-cf", "-", "data"])
        .stdout(Stdio::from(made.as_file().try_clone().map_err(said)?))
        .status()
        .map_err(said)?;
    if !packed.success() {
        return Err("the template of the cluster could not be packed".to_owned());
    }
    made.flush().map_err(said)?;
    made.persist(&path).map_err(|error| error.to_string())?;
    Ok(path)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stderr(Stdio::piped()).output().map_err(said)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr)))
    }
}
