//! `docker run` and `docker create`.

use container::flags::Parsed;
use container::options::{Pull, Source};
use container::{Asked, Base, Container, Create, OptionError, Options};
use image::{Platform, Reference};

use super::registry;
use crate::failure::{Failure, Outcome};
use crate::session::{Session, blocking};
use crate::wire::{FromClient, FromServer};

pub(super) async fn run(session: &Session, words: Parsed) -> Outcome {
    let (container, options) = match make(session, &words.rest, "run").await? {
        Made::Container(container, options) => (container, *options),
        Made::Help(text) => {
            session.out(text).await;
            return Ok(0);
        }
    };
    if options.detach {
        if let Err(error) = container.start().await {
            return failed(&container, &error).await;
        }
        session.line(container.id()).await;
        return Ok(0);
    }
    attached(session, &container, &options).await
}

pub(super) async fn create(session: &Session, words: Parsed) -> Outcome {
    match make(session, &words.rest, "create").await? {
        Made::Container(container, _) => session.line(container.id()).await,
        Made::Help(text) => session.out(text).await,
    }
    Ok(0)
}

/// Runs a container in the foreground: streams connected, signals passed on.
async fn attached(session: &Session, container: &Container, options: &Options) -> Outcome {
    let wants = |name: &str| options.attach.is_empty() || options.attach.iter().any(|stream| stream == name);
    let mut streams = session.streams(options.interactive && wants("stdin")).map_err(Failure::from)?;
    if !wants("stdout") {
        streams.stdout = None;
    }
    if !wants("stderr") {
        streams.stderr = None;
    }
    if options.tty && session.hello.terminals[0] && options.interactive {
        let _ = session.to_client.send(FromServer::Raw).await;
    }
    let mut status = container.watch();
    let output = match container.start_attached(streams).await {
        Ok(output) => output,
        Err(error) => return failed(container, &error).await,
    };
    if let Some((rows, columns)) = session.hello.size {
        container.resize(rows, columns);
    }
    let proxy = options.sig_proxy.unwrap_or(true);
    let signals = async {
        let mut from_client = session.from_client.lock().await;
        while let Some(message) = from_client.recv().await {
            match message {
                FromClient::Resize(rows, columns) => container.resize(rows, columns),
                FromClient::Signal(signal) if proxy => drop(container.kill(signal).await),
                FromClient::Signal(signal) => return 128 + u8::try_from(signal).unwrap_or(0),
            }
        }
        std::future::pending().await
    };
    let over =
        |status: &container::Status| matches!(status.phase, container::Phase::Exited | container::Phase::Removed);
    let end = async {
        // The code as it is when the container ends, before `--rm` takes it away.
        let code = status.wait_for(over).await.map_or(137, |status| status.exit_code);
        output.finished().await;
        if options.auto_remove {
            let _ = container.remove(true, true).await;
        }
        code
    };
    tokio::select! {
        code = end => Ok(code),
        code = signals => Ok(code),
    }
}

/// A container that did not start: told, and removed when that was asked for.
async fn failed(container: &Container, error: &container::Error) -> Outcome {
    let auto_remove = container.options().auto_remove;
    if auto_remove {
        let _ = container.remove(true, true).await;
    }
    Err(Failure::run(error))
}

enum Made {
    Container(Container, Box<Options>),
    Help(String),
}

async fn make(session: &Session, words: &[String], name: &str) -> Result<Made, Failure> {
    let usage = |text: String| Failure {
        code: 125,
        text: format!(
            "{text}\n\nUsage:  docker {name} [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun 'docker {name} --help' for more information"
        ),
    };
    let asked = session.with_surroundings(|surroundings| Options::from_args(words, surroundings));
    let Asked { mut options, image, command } = asked.map_err(|error| match error {
        OptionError::Flag(error) => usage(error.to_string()),
        other => {
            Failure { code: 125, text: format!("docker: {other}\n\nRun 'docker {name} --help' for more information") }
        }
    })?;
    if options.help {
        return Ok(Made::Help(super::help::run_help(name)));
    }
    let reads = options.attach.is_empty() || options.attach.iter().any(|stream| stream == "stdin");
    if name == "run" && !options.detach && options.tty && options.interactive && reads && !session.hello.terminals[0] {
        return Err(Failure::new("the input device is not a TTY"));
    }
    let Some(image) = image else {
        return Err(usage(format!("docker: 'docker {name}' requires at least 1 argument")));
    };
    for mount in &mut options.mounts {
        if let Source::Bind { path, .. } = &mut mount.source {
            *path = session.absolute(path).to_string_lossy().into_owned();
        }
    }
    let cidfile = options.cidfile.clone();
    if let Some(path) = &cidfile
        && session.open(path, rustix::fs::OFlags::PATH).is_ok()
    {
        let text =
            format!("docker: container ID file found, make sure the other container isn't running or delete {path}");
        return Err(Failure { code: 125, text });
    }
    let base = base(session, &image, &options).await?;
    let mut create = Create::new(base, options.clone());
    create.command = command;
    let container = session.ground.table.create(create).await.map_err(|error| Failure::run(&error))?;
    if let Some(path) = cidfile {
        std::io::Write::write_all(&mut session.create(&path)?, container.id().as_bytes())?;
    }
    Ok(Made::Container(container, Box::new(options)))
}

/// The image, pulled when the options want it, unpacked.
async fn base(session: &Session, name: &str, options: &Options) -> Result<Base, Failure> {
    let platform = match &options.platform {
        Some(text) => text.parse().map_err(|error| Failure { code: 125, text: format!("docker: {error}") })?,
        None => Platform::host(),
    };
    let store = session.ground.store.clone();
    let local = {
        let (store, name, platform) = (store.clone(), name.to_owned(), platform.clone());
        let asked = options.platform.is_some();
        blocking(move || {
            let Ok(found) = store.find(&name) else { return Ok(None) };
            let image = store.image(&found.descriptor, &platform)?;
            // An image of another platform does when nobody asked for one.
            Ok(Some(image).filter(|image| !asked || platform.fit(&image.platform()).is_some()))
        })
        .await
    };
    let local = match (local, options.pull) {
        (Ok(Some(image)), Pull::Missing | Pull::Never) => Some(image),
        (_, Pull::Never) => {
            let text = format!("docker: Error response from daemon: No such image: {}", with_tag(name));
            return Err(Failure { code: 125, text });
        }
        _ => None,
    };
    let image = match local {
        Some(image) => image,
        None => {
            let reference = Reference::parse(name)
                .map_err(|_| Failure { code: 125, text: "docker: invalid reference format".into() })?;
            if options.pull == Pull::Missing {
                session.err(format!("Unable to find image '{}' locally\n", with_tag(name))).await;
            }
            let descriptor = registry::fetch(session, &reference, &platform, options.quiet, true)
                .await
                .map_err(|failure| Failure { code: 125, text: format!("docker: {}", failure.text) })?;
            let (store, platform) = (store.clone(), platform.clone());
            blocking(move || Ok(store.image(&descriptor, &platform)?)).await?
        }
    };
    let name = name.to_owned();
    let base = blocking(move || Base::unpack(&store, &image, &name).map_err(Failure::from)).await;
    base.map_err(|failure| Failure { code: 125, text: format!("docker: {}", failure.text) })
}

fn with_tag(name: &str) -> String {
    Reference::parse(name).map_or_else(|_| name.to_owned(), |reference| reference.familiar())
}

/// `docker start`.
pub(super) async fn start(session: &Session, parsed: Parsed) -> Outcome {
    let attach = parsed.on("attach") || parsed.on("interactive");
    let table = &session.ground.table;
    if attach {
        let [name] = parsed.rest.as_slice() else {
            return Err(Failure::new("you cannot start and attach multiple containers at once"));
        };
        let container = table.container(name)?;
        let mut options = container.options().clone();
        options.interactive &= parsed.on("interactive");
        return attached(session, &container, &options).await;
    }
    let started = super::containers::each(session, &parsed.rest, |container| async move {
        container.start().await.map_err(|error| Failure::daemon(&error))
    });
    match started.await? {
        0 => Ok(0),
        code => Err(Failure { code, text: format!("Error: failed to start containers: {}", parsed.rest.join(", ")) }),
    }
}

/// `docker attach`.
pub(super) async fn attach(session: &Session, parsed: Parsed) -> Outcome {
    let container = session.ground.table.container(parsed.rest.first().map(String::as_str).unwrap_or_default())?;
    if container.status().phase != container::Phase::Running {
        return Err(Failure::new("cannot attach to a stopped container, start it first"));
    }
    let streams = session.streams(container.options().interactive && !parsed.on("no-stdin")).map_err(Failure::from)?;
    let output = container.attach(streams)?;
    let signals = async {
        let mut from_client = session.from_client.lock().await;
        while let Some(message) = from_client.recv().await {
            match message {
                FromClient::Resize(rows, columns) => container.resize(rows, columns),
                FromClient::Signal(signal) => drop(container.kill(signal).await),
            }
        }
        std::future::pending::<()>().await;
    };
    let end = async {
        let code = container.wait().await;
        output.finished().await;
        code
    };
    tokio::select! {
        code = end => Ok(code),
        () = signals => Ok(0),
    }
}
