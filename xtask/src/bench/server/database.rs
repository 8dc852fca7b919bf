//! The database of a server that is measured: SQLite in its directory, or PostgreSQL 15 from Debian's programs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(super) enum Database {
    /// The file.
    Sqlite(PathBuf),
    Postgres(Cluster),
}

/// A cluster of its own, as Debian configures it but for the place of its socket; ended with the value.
pub(super) struct Cluster {
    data: PathBuf,
    server: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

impl Database {
    pub(super) fn start(name: &str, place: &Path) -> Result<Self, String> {
        if name == "sqlite" {
            return Ok(Self::Sqlite(place.join("sqlite").join("trunkline.db")));
        }
        if !Path::new(PROGRAMS).join("initdb").exists() {
            return Err(format!("there is no PostgreSQL 15 in {PROGRAMS}"));
        }
        let home = place.join("cluster");
        super::super::fresh(&home)?;
        run(Command::new("chmod").arg("777").arg(&home))?;
        run(Command::new("chmod").arg("755").arg(place))?;
        let data = home.join("data");
        run(as_server(&format!("{PROGRAMS}/initdb"))
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8"])
            .arg("-D")
            .arg(&data))?;
        let server = as_server(&format!("{PROGRAMS}/postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&data)
            .args(["-c", "listen_addresses="])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let cluster = Cluster { data, server };
        let patience = Instant::now() + Duration::from_secs(30);
        while !Command::new(format!("{PROGRAMS}/pg_isready"))
            .arg("-q")
            .arg("-h")
            .arg(&cluster.data)
            .status()
            .is_ok_and(|status| status.success())
        {
            if Instant::now() > patience {
                return Err("it does not start".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self::Postgres(cluster))
    }

    /// What `--database` takes.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Sqlite(file) => file.display().to_string(),
            Self::Postgres(cluster) => {
                format!("postgres://postgres@localhost/postgres?host={}", cluster.data.display())
            }
        }
    }

    /// Executes SQL that both databases understand; the rows as text, columns divided by `|`.
    pub(super) fn sql(&self, sql: &str) -> Result<String, String> {
        let mut command = match self {
            Self::Sqlite(file) => {
                let mut command = Command::new("python3");
                let program = "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1],timeout=30)\n\
                    q=[s for s in sys.stdin.read().split(';\\n') if s.strip()]\n\
                    for s in q:\n  for r in c.execute(s): print('|'.join(str(v) for v in r))\nc.commit()";
                command.args(["-c", program]).arg(file);
                command
            }
            Self::Postgres(cluster) => {
                let mut command = Command::new("psql");
                command
                    .args(["-U", "postgres", "-Atq", "-v", "ON_ERROR_STOP=1", "-h"])
                    .arg(&cluster.data)
                    .arg("postgres");
                command
            }
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(sql.as_bytes()).map_err(|error| error.to_string())?;
        }
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Database {
    /// Lets the database look at a table that was filled at once.
    pub(super) fn settle(&self, table: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.sql(&format!("VACUUM ANALYZE {table}")).map(drop),
        }
    }
}

/// PostgreSQL refuses to run as root.
fn as_server(program: &str) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command;
    if root {
        command = Command::new("setpriv");
        command.args(["--reuid", "postgres", "--clear-groups", "--", program]);
    } else {
        command = Command::new(program);
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
