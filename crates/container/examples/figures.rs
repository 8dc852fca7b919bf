//! What `cargo xtask bench containers` cannot measure through the program: times in milliseconds, one a line.
//!
//! ```text
//! figures true STORE IMAGE ROUNDS    a sandbox from the unpacked image that runs `true`, from request to destroyed
//! figures unpack STORE IMAGE         all layers of an image, unpacked
//! figures lowers STORE IMAGE         (no time) where the layers are unpacked, bottom first
//! ```

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::{Platform, Store, Unpacked};
use sandbox::{Command, Launcher, LauncherConfig, Network, Placement, Root, SandboxSpec};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    sandbox::maybe_run_helper();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["true", store, image, rounds] => {
            let unpacked = unpack(Path::new(store), image)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(run_true(&unpacked, rounds.parse()?))
        }
        ["unpack", store, image] => {
            let begin = Instant::now();
            unpack(Path::new(store), image)?;
            println!("{}", begin.elapsed().as_secs_f64() * 1e3);
            Ok(())
        }
        ["lowers", store, image] => {
            for lower in unpack(Path::new(store), image)?.lowers() {
                println!("{}", lower.display());
            }
            Ok(())
        }
        _ => Err("figures true STORE IMAGE ROUNDS | unpack STORE IMAGE | lowers STORE IMAGE".into()),
    }
}

fn unpack(store: &Path, image: &str) -> Result<Unpacked, Failure> {
    let store = Store::open(store)?;
    let found = store.find(image)?;
    let image = store.image(&found.descriptor, &Platform::host())?;
    Ok(store.unpack(&image)?)
}

async fn run_true(unpacked: &Unpacked, rounds: usize) -> Result<(), Failure> {
    let state: PathBuf = std::env::temp_dir().join(format!("trunkline-figures-{}", std::process::id()));
    let launcher = Launcher::start(LauncherConfig::new(&state))?;
    for round in 0..=rounds {
        let begin = Instant::now();
        let mut spec = SandboxSpec::new(format!("one{round}"), launcher.jobs_dir().join("one"));
        spec.placement = Placement::Isolated;
        spec.root = Root::Layers { lowers: unpacked.lowers().to_vec(), upper: None };
        spec.network = Network::Private;
        let sandbox = launcher.sandbox(spec).await?;
        let mut command = Command::new(["/bin/true"]);
        command.env = vec![("PATH".into(), "/bin".into())];
        let status = sandbox.spawn(command).await?.wait().await?;
        if !status.success() {
            return Err(format!("`true` ended with {status:?}").into());
        }
        sandbox.destroy().await?;
        // The first one finds nothing in any cache.
        if round > 0 {
            println!("{}", begin.elapsed().as_secs_f64() * 1e3);
        }
    }
    launcher.close();
    std::fs::remove_dir_all(&state)?;
    Ok(())
}
