//! `trunkline build`: an image from a Dockerfile, with docker build's flags.

mod args;
mod check;
mod files;
mod progress;
mod request;
mod shell;

use std::sync::Arc;

use builder::{Error, Ground};
use sandbox::{Launcher, LauncherConfig};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use self::args::BuildArgs;
use self::progress::{Mode, Progress};
use crate::dirs::Dirs;
use crate::failure::Failure;
use crate::images;

/// What killed builds left is removed once a build has been at work for so long.
const BEFORE_SWEEPING: std::time::Duration = std::time::Duration::from_millis(300);

/// `trunkline build`.
pub(crate) fn run(args: &BuildArgs) -> Result<(), Failure> {
    let dirs = Dirs::from_env()?;
    dirs.create()?;
    let request = request::read(args)?;
    if args.check || args.call.as_deref().is_some_and(|call| call != "build") {
        return check::run(args, &request.build);
    }
    for message in &request.notes {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "note: {message}");
    }
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(64)
        .enable_all()
        .build()
        .map_err(Failure::broken)?;
    let launcher = {
        let _inside = runtime.enter();
        // Its helper starts with the first RUN; a build that is all known never needs one.
        let config = LauncherConfig::new(&dirs.state);
        Launcher::start(config).map_err(|error| Failure::broken(error.to_string()))?
    };
    let state = dirs.state.clone();
    runtime.spawn(async move {
        // A build that has nothing to do is over before.
        tokio::time::sleep(BEFORE_SWEEPING).await;
        tokio::task::spawn_blocking(move || drop(sandbox::sweep(&state)));
    });
    let launcher = Arc::new(launcher);
    let ground = Ground {
        store: images::store()?,
        launcher: Arc::clone(&launcher),
        client: images::client()?,
        dir: dirs.cache.join("builder"),
    };
    let outcome = runtime.block_on(drive(args, request, &ground));
    drop(ground);
    if let Some(launcher) = Arc::into_inner(launcher) {
        launcher.close();
    }
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

async fn drive(args: &BuildArgs, request: request::Request, ground: &Ground) -> Result<(), Failure> {
    let mut build = request.build;
    let progress = Progress::start(Mode::choose(&args.progress, args.quiet).map_err(Failure::usage)?);
    if args.shell_on_failure {
        build.on_failure = Some(shell::opener(progress.clone()));
    }
    let stopped = async {
        let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return std::future::pending().await;
        };
        tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
    };
    let result = tokio::select! {
        result = build.run(ground, progress.events()) => Some(result),
        // Dropping the build ends its processes and removes what is half done.
        () = stopped => None,
    };
    progress.finish(result.as_ref().is_some_and(Result::is_ok)).await;
    match result {
        None => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "cancelled");
            Err(Failure::Cancelled)
        }
        Some(Ok(built)) => files::write(args, &built),
        Some(Err(error)) => Err(failure(error)),
    }
}

fn failure(error: Error) -> Failure {
    match &error {
        Error::Dockerfile { .. } | Error::Instruction { .. } => Failure::invalid(error.to_string()),
        Error::Run { .. } => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "{error}");
            Failure::JobsFailed
        }
        Error::Request(_) => Failure::usage(error),
        Error::Context { .. } | Error::Image { .. } => Failure::missing(error),
        _ => Failure::broken(error),
    }
}
