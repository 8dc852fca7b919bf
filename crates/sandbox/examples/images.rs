//! How long a sandbox with an image root takes, and a private network:
//! `cargo run --release -p sandbox --example images -- LAYER [ROUNDS]`, `LAYER` being a directory with a `/bin/true`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sandbox::{Command, Launcher, LauncherConfig, Member, Network, NetworkSpec, Root, Sandbox, SandboxSpec};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    sandbox::maybe_run_helper();
    let mut arguments = std::env::args().skip(1);
    let layer = PathBuf::from(arguments.next().ok_or("which layer?")?);
    let rounds: usize = arguments.next().map_or(Ok(50), |rounds| rounds.parse())?;
    let state = std::env::temp_dir().join("trunkline-images");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(&layer, rounds, &state))?;
    std::fs::remove_dir_all(&state)?;
    Ok(())
}

fn spec(state: &Path, layer: &Path, upper: Option<PathBuf>) -> SandboxSpec {
    let mut spec = SandboxSpec::new("image", state.join("job"));
    spec.root = Root::Layers { lowers: vec![layer.to_owned()], upper };
    spec
}

async fn measure(layer: &Path, rounds: usize, state: &Path) -> Result<(), Failure> {
    let (mut cold, mut plain, mut ready, mut warm, mut kept) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rounds.min(20) {
        let begin = Instant::now();
        let launcher = Launcher::start(LauncherConfig::new(state))?;
        let sandbox = launcher.sandbox(spec(state, layer, None)).await?;
        run_true(&sandbox).await?;
        cold.push(begin.elapsed());
        sandbox.destroy().await?;
        launcher.close();
    }
    report("launcher start to `true` ended", cold);

    let launcher = Launcher::start(LauncherConfig::new(state))?;
    for round in 0..rounds {
        let begin = Instant::now();
        let sandbox = launcher.sandbox(spec(state, layer, None)).await?;
        ready.push(begin.elapsed());
        run_true(&sandbox).await?;
        sandbox.destroy().await?;
        plain.push(begin.elapsed());

        let begin = Instant::now();
        let upper = state.join(format!("upper{round}"));
        let sandbox = launcher.sandbox(spec(state, layer, Some(upper))).await?;
        run_true(&sandbox).await?;
        sandbox.destroy().await?;
        kept.push(begin.elapsed());

        launcher.prewarm_images(1)?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let begin = Instant::now();
        let sandbox = launcher.sandbox(spec(state, layer, None)).await?;
        run_true(&sandbox).await?;
        sandbox.destroy().await?;
        warm.push(begin.elapsed());
    }
    report("request to destroyed, with `true`", plain);
    report("  request to ready", ready);
    report("kept upper: request to destroyed", kept);
    report("prepared ahead: request to destroyed", warm);

    let (mut made, mut members) = (vec![], vec![]);
    for _ in 0..rounds.min(20) {
        let begin = Instant::now();
        let network = launcher.network(NetworkSpec { name: "network".into(), ..NetworkSpec::default() }).await?;
        made.push(begin.elapsed());
        let begin = Instant::now();
        let mut spec = spec(state, layer, None);
        spec.network = Network::Member(Member { network: network.clone(), aliases: vec![], address: None });
        let sandbox = launcher.sandbox(spec).await?;
        run_true(&sandbox).await?;
        sandbox.destroy().await?;
        members.push(begin.elapsed());
        network.destroy().await;
    }
    report("network made", made);
    report("member: request to destroyed", members);
    launcher.close();
    Ok(())
}

async fn run_true(sandbox: &Sandbox) -> Result<(), sandbox::Error> {
    let status = sandbox.spawn(Command::new(["/bin/true"])).await?.wait().await?;
    assert!(status.success(), "{status:?}");
    Ok(())
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{what:48} median {:7.2} ms  min {:7.2}  p90 {:7.2}",
        milliseconds(times[times.len() / 2]),
        milliseconds(times[0]),
        milliseconds(times[times.len() * 9 / 10])
    );
}
