use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::measure::{median, quiet, time};
use super::super::table::Row;
use super::{Bench, tools};

/// `true` in a new sandbox, from the request to its end.
pub(super) fn run_true(bench: &Bench) -> Result<Vec<Row>, String> {
    let Some(image) = bench.busybox()? else { return Ok(Vec::new()) };
    let rounds = (bench.rounds * 5).to_string();
    let ours = figures(bench, &["true", &bench.store(), image, &rounds])?;
    let mut rows =
        vec![Row::at_most("sandbox from an image, `true`", None, median(&ours), "ms", 10.0, "request to destroyed")];
    if let Some(runc) = bench.tool("runc", "`true` beside runc") {
        match beside_runc(bench, &runc) {
            Ok(theirs) => rows.push(Row::beside("  runc run, the same files", theirs, "ms")),
            Err(error) => bench.skip("`true` beside runc", &error),
        }
    }
    match Docker::find(bench) {
        Ok(docker) => match docker.run_true(bench) {
            Ok(theirs) => rows.push(Row::beside("  docker run --rm, the same files", theirs, "ms")),
            Err(error) => bench.skip("`true` beside docker", &error),
        },
        Err(reason) => bench.skip("`true` beside docker", &reason),
    }
    Ok(rows)
}

/// What the example prints.
pub(super) fn figures(bench: &Bench, words: &[&str]) -> Result<Vec<f64>, String> {
    let output = lines(bench, words)?;
    output.iter().map(|line| line.parse().map_err(|_| format!("`{line}` is no time"))).collect()
}

fn lines(bench: &Bench, words: &[&str]) -> Result<Vec<String>, String> {
    let output = Command::new(&bench.figures).args(words).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("figures {words:?}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn beside_runc(bench: &Bench, runc: &Path) -> Result<f64, String> {
    let bundle = bench.place.join("bundle");
    fs::create_dir_all(&bundle).map_err(|error| error.to_string())?;
    time(&mut quiet(runc, &["spec"], &bundle))?;
    let path = bundle.join("config.json");
    let spec = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let root = bench.place.join("busybox").to_string_lossy().into_owned();
    let spec = spec
        .replace("\"terminal\": true", "\"terminal\": false")
        .replace("\"path\": \"rootfs\"", &format!("\"path\": \"{root}\""))
        .replacen("\"sh\"", "\"/bin/true\"", 1);
    fs::write(&path, spec).map_err(|error| error.to_string())?;
    let state = bench.place.join("runc").to_string_lossy().into_owned();
    let mut times = Vec::new();
    for round in 0..=bench.rounds {
        let name = format!("trunkline-bench-{}-{round}", std::process::id());
        times.push(time(&mut quiet(runc, &["--root", &state, "run", &name], &bundle))?);
    }
    Ok(median(&times[1..]))
}

/// A daemon: the machine's, or one of our own for this purpose.
struct Docker {
    client: PathBuf,
    host: Option<String>,
    daemon: Option<std::process::Child>,
}

impl Docker {
    fn find(bench: &Bench) -> Result<Self, String> {
        let client = tools::installed("docker").ok_or("docker is not installed")?;
        let running = Self { client: client.clone(), host: None, daemon: None };
        if running.command(bench, &["info"]).status().is_ok_and(|status| status.success()) {
            return Ok(running);
        }
        let daemon = tools::installed("dockerd").ok_or("no daemon runs, and dockerd is not installed")?;
        let directory = bench.place.join("dockerd");
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let at = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let host = format!("unix://{}", at("sock"));
        let words = [
            "--data-root",
            &at("data"),
            "--exec-root",
            &at("exec"),
            "--pidfile",
            &at("pid"),
            "--host",
            &host,
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
        ];
        let process = quiet(daemon, &words, &directory).spawn().map_err(|error| error.to_string())?;
        let mut started = Self { client, host: Some(host), daemon: Some(process) };
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if started.command(bench, &["info"]).status().is_ok_and(|status| status.success()) {
                return Ok(started);
            }
            let ended = started.daemon.as_mut().is_some_and(|daemon| !matches!(daemon.try_wait(), Ok(None)));
            if ended || Instant::now() > deadline {
                return Err("no daemon runs, and one of our own does not start here".to_owned());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn command(&self, bench: &Bench, words: &[&str]) -> Command {
        let host = self.host.as_ref().map(|host| ["--host", host.as_str()]);
        let words: Vec<&str> = host.iter().flatten().copied().chain(words.iter().copied()).collect();
        quiet(&self.client, &words, &bench.place)
    }

    fn run_true(&self, bench: &Bench) -> Result<f64, String> {
        let archive = bench.place.join("busybox.tar").to_string_lossy().into_owned();
        time(&mut self.command(bench, &["import", &archive, "trunkline-bench:1"]))?;
        let words = ["run", "--rm", "--network", "none", "trunkline-bench:1", "/bin/true"];
        let times: Result<Vec<f64>, String> =
            (0..=bench.rounds).map(|_| time(&mut self.command(bench, &words))).collect();
        let _ = time(&mut self.command(bench, &["rmi", "trunkline-bench:1"]));
        Ok(median(&times?[1..]))
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            let _ = Command::new("kill").arg(daemon.id().to_string()).status();
            let _ = daemon.wait();
        }
    }
}
