//! How long a sandbox takes: `cargo run --release -p sandbox --example startup [-- ROUNDS [STATE_DIR]]`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sandbox::{Command, FreshDir, Launcher, LauncherConfig, Limits, Network, Placement, Sandbox, SandboxSpec};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    sandbox::maybe_run_helper();
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().map_or(Ok(50), |rounds| rounds.parse())?;
    let state = arguments.next().map_or_else(|| std::env::temp_dir().join("trunkline-startup"), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(rounds, &state))?;
    std::fs::remove_dir_all(&state)?;
    Ok(())
}

async fn measure(rounds: usize, state: &Path) -> Result<(), Failure> {
    let snapshots = state.join("snapshots");
    std::fs::create_dir_all(snapshots.join("tree/src"))?;
    std::fs::write(snapshots.join("tree/src/file"), "content")?;
    let config = |prewarm| {
        let mut config = LauncherConfig::new(state);
        config.snapshot_root = Some(snapshots.clone());
        config.prewarm = Some((Placement::Isolated, prewarm));
        config
    };

    let mut cold = Vec::new();
    for _ in 0..rounds.min(20) {
        let begin = Instant::now();
        let launcher = Launcher::start(config(1))?;
        let sandbox = launcher.sandbox(spec(state, "cold", Placement::Isolated)).await?;
        run_true(&sandbox).await?;
        cold.push(begin.elapsed());
        sandbox.destroy().await?;
        launcher.close();
    }
    report("launcher start to first `true`", cold);

    let launcher = Launcher::start(config(0))?;
    for (name, placement) in [("isolated", Placement::Isolated), ("host", Placement::Host)] {
        let (mut whole, mut ready, mut step, mut mount, mut end) = (vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..rounds {
            let begin = Instant::now();
            let sandbox = launcher.sandbox(spec(state, "one", placement)).await?;
            ready.push(begin.elapsed());
            let at = Instant::now();
            run_true(&sandbox).await?;
            step.push(at.elapsed());
            let mut apart = Duration::ZERO;
            if sandbox.isolation().overlay {
                let at = Instant::now();
                sandbox.mount_overlay(&snapshots.join("tree"), Path::new("/home/runner/work/repo")).await?;
                apart = at.elapsed();
                mount.push(apart);
            }
            let at = Instant::now();
            sandbox.destroy().await?;
            end.push(at.elapsed());
            whole.push(begin.elapsed() - apart);
        }
        report(&format!("{name}: request to destroyed, with `true`"), whole);
        report(&format!("{name}:   request to ready"), ready);
        report(&format!("{name}:   `true` (spawn to reaped)"), step);
        report(&format!("{name}:   mount_overlay"), mount);
        report(&format!("{name}:   destroy"), end);
    }

    let sandbox = launcher.sandbox(spec(state, "steps", Placement::Isolated)).await?;
    println!("isolation: {:?}", sandbox.isolation());
    let (mut steps, mut spawns) = (Vec::new(), Vec::new());
    for _ in 0..rounds * 4 {
        let begin = Instant::now();
        let process = sandbox.spawn(true_command()).await?;
        spawns.push(begin.elapsed());
        process.wait().await?;
        steps.push(begin.elapsed());
    }
    report("spawn returns (program executed)", spawns);
    report("spawn to reaped", steps);
    sandbox.destroy().await?;

    let mut prewarmed = Vec::new();
    for _ in 0..rounds {
        launcher.prewarm(Placement::Isolated, 1)?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let begin = Instant::now();
        let sandbox = launcher.sandbox(spec(state, "warm", Placement::Isolated)).await?;
        run_true(&sandbox).await?;
        sandbox.destroy().await?;
        prewarmed.push(begin.elapsed());
    }
    report("prepared ahead: request to destroyed", prewarmed);

    let mut private = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        let mut spec = spec(state, "net", Placement::Isolated);
        spec.network = Network::Private;
        let sandbox = launcher.sandbox(spec).await?;
        run_true(&sandbox).await?;
        sandbox.destroy().await?;
        private.push(begin.elapsed());
    }
    report("private network: request to destroyed", private);

    let mut limited = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        let mut spec = spec(state, "limits", Placement::Isolated);
        spec.limits = Limits { memory_bytes: Some(1 << 30), pids: Some(500), cpus: None };
        let sandbox = launcher.sandbox(spec).await?;
        run_true(&sandbox).await?;
        sandbox.destroy().await?;
        limited.push(begin.elapsed());
    }
    report("memory and pids limits: request to destroyed", limited);

    for (name, placement) in [("isolated", Placement::Isolated), ("host", Placement::Host)] {
        let mut parallel = Vec::new();
        for _ in 0..(rounds / 5).max(3) {
            let begin = Instant::now();
            let mut tasks = Vec::new();
            for number in 0..20 {
                let launcher = &launcher;
                tasks.push(async move {
                    let sandbox = launcher.sandbox(spec(state, &format!("p{number}"), placement)).await?;
                    run_true(&sandbox).await?;
                    sandbox.destroy().await
                });
            }
            for done in futures(tasks).await {
                done?;
            }
            parallel.push(begin.elapsed());
        }
        report(&format!("{name}: 20 in parallel, all destroyed"), parallel);
    }
    launcher.close();
    let resident = std::fs::read_to_string("/proc/self/status")?;
    println!("{}", resident.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}

/// Drives all at once on this task; enough, because the work is done in other processes.
async fn futures<F: Future>(tasks: Vec<F>) -> Vec<F::Output> {
    let mut tasks: Vec<_> = tasks.into_iter().map(|task| (Box::pin(task), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (task, output) in &mut tasks {
            if output.is_none() {
                match task.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    tasks.into_iter().filter_map(|(_, output)| output).collect()
}

fn spec(state: &Path, name: &str, placement: Placement) -> SandboxSpec {
    let mut spec = SandboxSpec::new(name, state.join("jobs").join(name));
    spec.placement = placement;
    spec.dirs = ["/home/runner", "/home/runner/work/_temp"].map(|path| FreshDir { path: path.into() }).to_vec();
    spec
}

fn true_command() -> Command {
    let mut command = Command::new(["/bin/true"]);
    command.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    command
}

async fn run_true(sandbox: &Sandbox) -> Result<(), sandbox::Error> {
    let status = sandbox.spawn(true_command()).await?.wait().await?;
    assert!(status.success(), "{status:?}");
    Ok(())
}

fn report(what: &str, mut times: Vec<Duration>) {
    if times.is_empty() {
        return;
    }
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{what:48} median {:7.2} ms  min {:7.2}  p90 {:7.2}",
        milliseconds(times[times.len() / 2]),
        milliseconds(times[0]),
        milliseconds(times[times.len() * 9 / 10])
    );
}
