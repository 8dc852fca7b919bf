//! `docker login`, `logout`, `pull`, `push`.

use std::sync::Mutex;

use container::flags::Parsed;
use image::auth::{Credentials, SavedTo, registry_name};
use image::client::{Event, Outcome as BlobOutcome, Progress};
use image::{Descriptor, Platform, Reference};

use crate::failure::{Failure, Outcome};
use crate::session::{Session, blocking};

pub(super) async fn login(session: &Session, parsed: Parsed) -> Outcome {
    let server = parsed.rest.first().map_or("docker.io", String::as_str);
    let registry = registry_name(server).to_owned();
    let username = parsed.last("username").map(str::to_owned);
    let password = match (parsed.last("password"), parsed.on("password-stdin")) {
        (Some(_), true) => {
            return Err(Failure::new("conflicting options: cannot specify both --password and --password-stdin"));
        }
        (Some(password), false) => {
            session.err("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n").await;
            password.to_owned()
        }
        (None, true) => {
            if username.is_none() {
                return Err(Failure::new("the --password-stdin option requires --username to be set"));
            }
            let bytes = session.read_input().await?;
            let text = String::from_utf8(bytes).map_err(|_| Failure::new("the password is not UTF-8"))?;
            text.trim_end_matches(['\n', '\r']).to_owned()
        }
        (None, false) => {
            // Nobody can be asked; credentials that are kept already may do.
            let kept = session.keychain(false)?.find(&registry, "").await.map_err(Failure::daemon)?;
            let Some(found) = kept else {
                return Err(Failure::new("Error: Cannot perform an interactive login from a non TTY device"));
            };
            session.client()?.check_login(&registry, &found.credentials).await.map_err(Failure::daemon)?;
            session.line("Authenticating with existing credentials...\nLogin Succeeded").await;
            return Ok(0);
        }
    };
    let username = username
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Failure::new("Error: Must provide --username with --password-stdin"))?;
    // At the desk there may be no GITHUB_TOKEN; the registry of this run has a token of its own.
    let credentials = match (password.is_empty(), session.ground.own_credentials(&registry)) {
        (false, _) => Credentials::basic(username, password),
        (true, Some(own)) => own.clone(),
        (true, None) => return Err(Failure::new("password is empty")),
    };
    let client = session.ground.client_with(session.keychain(true)?)?;
    let login = client.login(&registry, &credentials).await;
    let login = login.map_err(|error| Failure::daemon(format!("login attempt to {registry} failed: {error}")))?;
    if matches!(login.saved, SavedTo::File(_)) {
        session.err("\nWARNING! Your credentials are stored unencrypted in the job's docker configuration.\n\n").await;
    }
    session.line("Login Succeeded").await;
    Ok(0)
}

pub(super) async fn logout(session: &Session, parsed: Parsed) -> Outcome {
    let server = parsed.rest.first().map_or("docker.io", String::as_str);
    let client = session.ground.client_with(session.keychain(true)?)?;
    let shown = if registry_name(server) == "docker.io" { "https://index.docker.io/v1/" } else { server };
    client.logout(server).await.map_err(Failure::daemon)?;
    session.line(format!("Removing login credentials for {shown}")).await;
    Ok(0)
}

pub(super) async fn pull(session: &Session, parsed: Parsed) -> Outcome {
    let reference = Reference::parse(&parsed.rest[0])?;
    let platform = platform(&parsed)?;
    let quiet = parsed.on("quiet");
    if parsed.on("all-tags") {
        let client = session.client()?;
        for tag in client.tags(&reference).await.map_err(Failure::daemon)? {
            fetch(session, &reference.with_tag(&tag)?, &platform, quiet, false).await?;
        }
        return Ok(0);
    }
    if is_bare(&parsed.rest[0]) && !quiet {
        session.line("Using default tag: latest").await;
    }
    fetch(session, &reference, &platform, quiet, false).await?;
    session.line(full_name(&reference)).await;
    Ok(0)
}

/// Whether neither tag nor digest was named.
fn is_bare(name: &str) -> bool {
    !name.rsplit('/').next().is_some_and(|last| last.contains([':', '@']))
}

fn platform(parsed: &Parsed) -> Result<Platform, Failure> {
    match parsed.last("platform") {
        None | Some("") => Ok(Platform::host()),
        Some(text) => text.parse().map_err(|error| Failure::new(format!("{error}"))),
    }
}

fn full_name(reference: &Reference) -> String {
    match (reference.tag(), reference.digest()) {
        (_, Some(digest)) => format!("{}@{digest}", reference.repository()),
        (tag, None) => format!("{}:{}", reference.repository(), tag.unwrap_or("latest")),
    }
}

/// Brings an image into the store, telling how it goes. `aside`: on the standard error, as `docker run` does.
pub(super) async fn fetch(
    session: &Session,
    reference: &Reference,
    platform: &Platform,
    quiet: bool,
    aside: bool,
) -> Result<Descriptor, Failure> {
    let tell = |text: String| async move {
        match (quiet, aside) {
            (true, _) => {}
            (false, true) => session.err(text + "\n").await,
            (false, false) => session.line(text).await,
        }
    };
    tell(format!("{}: Pulling from {}", reference.selector(), reference.path())).await;
    let store = &session.ground.store;
    let before = {
        let (store, reference) = (store.clone(), reference.clone());
        blocking(move || Ok(store.resolve(&reference)?)).await?
    };
    let heard = Heard::default();
    let pulled = session.client()?.pull(reference, platform, store, &heard).await;
    let descriptor = pulled.map_err(Failure::daemon)?;
    for (digest, outcome) in heard.take() {
        let word = if outcome == BlobOutcome::Present { "Already exists" } else { "Pull complete" };
        tell(format!("{}: {word}", digest.hex().chars().take(12).collect::<String>())).await;
    }
    tell(format!("Digest: {}", descriptor.digest)).await;
    let same = before.is_some_and(|before| before.digest == descriptor.digest);
    let word = if same { "Image is up to date" } else { "Downloaded newer image" };
    tell(format!("Status: {word} for {}", reference.familiar())).await;
    Ok(descriptor)
}

pub(super) async fn push(session: &Session, parsed: Parsed) -> Outcome {
    let reference = Reference::parse(&parsed.rest[0])?;
    let quiet = parsed.on("quiet");
    let store = session.ground.store.clone();
    let repository = reference.repository();
    let all = parsed.on("all-tags");
    let wanted = {
        let (store, reference) = (store.clone(), reference.clone());
        blocking(move || {
            Ok(match all {
                true => {
                    let same = |entry: &image::Entry| {
                        entry.reference.as_ref().is_some_and(|known| known.repository() == reference.repository())
                    };
                    let entries = store.list()?.into_iter().filter(same);
                    entries.filter_map(|entry| Some((entry.reference?, entry.descriptor))).collect()
                }
                false => {
                    store.resolve(&reference)?.map(|descriptor| (reference, descriptor)).into_iter().collect::<Vec<_>>()
                }
            })
        })
        .await?
    };
    if !quiet && is_bare(&parsed.rest[0]) && !all {
        session.line("Using default tag: latest").await;
    }
    if !quiet {
        session.line(format!("The push refers to repository [{repository}]")).await;
    }
    if wanted.is_empty() {
        let name = if is_bare(&parsed.rest[0]) || all {
            repository
        } else {
            format!("{repository}:{}", reference.tag().unwrap_or("latest"))
        };
        return Err(Failure::new(format!(
            "An image does not exist locally with the tag: {}",
            name.trim_start_matches("docker.io/library/")
        )));
    }
    let client = session.client()?;
    for (reference, descriptor) in wanted {
        let heard = Heard::default();
        let pushed = client
            .push(&reference, &descriptor, &store, &heard)
            .await
            .map_err(|error| Failure::new(error.to_string()))?;
        if quiet {
            session.line(full_name(&reference)).await;
            continue;
        }
        for (digest, outcome) in heard.take() {
            let short: String = digest.hex().chars().take(12).collect();
            let word = match outcome {
                BlobOutcome::Present => "Layer already exists",
                BlobOutcome::Moved => "Pushed",
                BlobOutcome::Mounted => "Mounted",
            };
            session.line(format!("{short}: {word}")).await;
        }
        session.line(format!("{}: digest: {} size: {}", reference.selector(), pushed.digest, pushed.size)).await;
    }
    Ok(0)
}

/// What became of each blob, in order.
#[derive(Default)]
struct Heard {
    blobs: Mutex<Vec<(image::Digest, BlobOutcome)>>,
}

impl Heard {
    fn take(&self) -> Vec<(image::Digest, BlobOutcome)> {
        std::mem::take(&mut self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Progress for Heard {
    fn event(&self, event: Event<'_>) {
        if let Event::Finished { digest, outcome, .. } = event {
            self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((*digest, outcome));
        }
    }
}
