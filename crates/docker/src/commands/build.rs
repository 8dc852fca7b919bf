//! `docker build` and `docker buildx build`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use builder::flags::{self as texts, Cache, Files};
use builder::{Build, Built, Context, DockerfileSource, Event, Events, Ground, NoCache, Output, OutputKind, StepId};
use container::flags::Parsed;
use image::Reference;
use tokio::sync::mpsc;

use crate::failure::{Failure, Outcome};
use crate::session::Session;

pub(super) async fn build(session: &Session, parsed: Parsed) -> Outcome {
    let quiet = parsed.on("quiet") || parsed.last("progress") == Some("quiet");
    let (build, _context) = read(session, &parsed).await?;
    let ground = Ground {
        store: session.ground.store.clone(),
        launcher: session.ground.launcher.clone(),
        client: session.client()?,
        dir: session.ground.builder.clone(),
    };
    let built = run(session, &build, &ground, quiet).await?;
    if let Some(path) = parsed.last("iidfile") {
        std::io::Write::write_all(&mut session.create(path)?, built.image_id.to_string().as_bytes())?;
    }
    if let Some(path) = parsed.last("metadata-file") {
        let text = super::inspect::pretty(&serde_json::Value::Object(built.metadata.clone()));
        std::io::Write::write_all(&mut session.create(path)?, text.as_bytes())?;
    }
    if quiet {
        session.line(built.image_id.to_string()).await;
    }
    Ok(0)
}

/// Builds, with the lines of BuildKit's plain progress on the standard error.
async fn run(session: &Session, build: &Build, ground: &Ground, quiet: bool) -> Result<Built, Failure> {
    // Lines are few enough to be kept, should their reader be slow.
    let (sender, mut lines) = mpsc::unbounded_channel::<Vec<u8>>();
    let progress = Mutex::new(Progress::default());
    let events = Events::new(move |event| {
        let text = progress.lock().unwrap_or_else(PoisonError::into_inner).tell(event);
        if !quiet && !text.is_empty() {
            let _ = sender.send(text);
        }
    });
    let telling = async {
        while let Some(mut text) = lines.recv().await {
            while let Ok(more) = lines.try_recv() {
                text.extend(more);
            }
            session.err(text).await;
        }
    };
    let (built, ()) = tokio::join!(build.run(ground, events), telling);
    built.map_err(|error| Failure::new(format!("ERROR: failed to build: {error}")))
}

/// The request, and the file that holds a context from the standard input for as long as it is needed.
async fn read(session: &Session, parsed: &Parsed) -> Result<(Build, Option<Spool>), Failure> {
    for (name, why) in REFUSED {
        if parsed.given(name) && !matches!(parsed.last(name), Some("" | "false")) {
            return Err(Failure::new(format!("ERROR: docker build: --{name} is not supported: {why}")));
        }
    }
    let context_text = parsed.rest[0].as_str();
    let file = parsed.last("file").filter(|file| !file.is_empty());
    let mut spool = None;
    let mut build = Build::default();
    if context_text == "-" {
        if file == Some("-") {
            return Err(Failure::new("ERROR: invalid argument: can't use stdin for both build context and dockerfile"));
        }
        let spooled = Spool::read(session).await?;
        build.context = Context::Archive(spooled.path().to_owned());
        spool = Some(spooled);
    }
    let path = |path: &Path| host(session, path);
    let env = |name: &str| session.hello.env.get(name).cloned();
    let files = Files { path: &path, env: &env };
    let wrong = |why: String| Failure::new(format!("ERROR: {why}"));
    if context_text != "-" {
        build.context =
            texts::context(context_text, &files).map_err(|why| wrong(format!("unable to prepare context: {why}")))?;
        if let Context::Directory(directory) = &build.context
            && !directory.is_dir()
        {
            return Err(wrong(format!("unable to prepare context: path {context_text:?} not found")));
        }
    }
    build.dockerfile = match file {
        None => DockerfileSource::default(),
        Some("-") => {
            let text = String::from_utf8(session.read_input().await?)
                .map_err(|_| wrong("the Dockerfile is not UTF-8".into()))?;
            DockerfileSource::Text { name: "Dockerfile".into(), text }
        }
        Some(text) if matches!(build.context, Context::Directory(_)) => DockerfileSource::File(
            host(session, Path::new(text)).map_err(|why| wrong(format!("failed to read dockerfile: {why}")))?,
        ),
        Some(text) => DockerfileSource::InContext(text.into()),
    };
    for (name, value) in &parsed.given {
        one(&mut build, name, value, &files).map_err(wrong)?;
    }
    outputs(&mut build, parsed);
    Ok((build, spool))
}

/// A path of the caller on this machine; the last part may be missing.
fn host(session: &Session, path: &Path) -> Result<PathBuf, String> {
    let text = path.to_string_lossy();
    session.host_path(&text).or_else(|_| session.new_path(&text))
}

fn one(build: &mut Build, name: &str, value: &str, files: &Files<'_>) -> Result<(), String> {
    match name {
        "build-arg" => build.args.extend(texts::argument(value, files)?),
        "build-context" => {
            let (name, context) = texts::named_context(value, files)?;
            build.contexts.insert(name, context);
        }
        "secret" => {
            let (id, secret) = texts::secret(value, files)?;
            build.secrets.insert(id, secret);
        }
        "ssh" => {
            let (id, agent) = texts::ssh(value, files)?;
            build.ssh.insert(id, agent);
        }
        "target" if !value.is_empty() => build.target = Some(value.to_owned()),
        "platform" => {
            for platform in value.split(',').filter(|platform| !platform.is_empty()) {
                build.platforms.push(platform.trim().parse().map_err(|error| format!("{error}"))?);
            }
        }
        "tag" => {
            let reference =
                Reference::parse(value).map_err(|_| format!("invalid tag {value:?}: invalid reference format"))?;
            build.tags.push(reference);
        }
        "label" => {
            let (key, value) = texts::label(value);
            build.labels.insert(key, value);
        }
        "annotation" => build.annotations.extend(texts::annotation(value)?),
        "cache-from" | "cache-to" => {
            let (flag, list) = match name {
                "cache-from" => ("--cache-from", &mut build.cache_from),
                _ => ("--cache-to", &mut build.cache_to),
            };
            // Caches of GitHub's or a cloud's machines: the store of this machine stands in for them.
            if let Cache::At(location) = texts::cache(flag, value, files)? {
                list.push(location);
            }
        }
        "output" => build.outputs.push(texts::output(value, files)?),
        "no-cache" if value == "true" => build.no_cache = NoCache::All,
        "no-cache-filter" if build.no_cache != NoCache::All => {
            let stages = value.split(',').map(str::to_owned);
            match &mut build.no_cache {
                NoCache::Stages(known) => known.extend(stages),
                other => *other = NoCache::Stages(stages.collect()),
            }
        }
        "pull" => build.pull = value == "true",
        "network" => build.network = texts::network(value)?,
        "add-host" => build.add_hosts.push(texts::host(value)?),
        "shm-size" => build.shm_size = Some(texts::size("--shm-size", value)?),
        "ulimit" => build.ulimits.push(texts::ulimit(value)?),
        "allow" => value.split(',').try_for_each(|one| texts::allow(&mut build.allow, one))?,
        "provenance" => build.provenance = texts::provenance(value)?,
        "sbom" => build.sbom = !matches!(value, "" | "false"),
        "attest" => {
            let kind = value.split(',').find_map(|field| field.strip_prefix("type=")).unwrap_or_default();
            match kind {
                "provenance" => {
                    let rest: Vec<&str> = value.split(',').filter(|field| !field.starts_with("type=")).collect();
                    let rest = if rest.is_empty() { "true".to_owned() } else { rest.join(",") };
                    build.provenance = texts::provenance(&rest)?;
                }
                "sbom" => build.sbom = true,
                _ => return Err(format!("--attest {value}: the type is provenance or sbom")),
            }
        }
        _ => {}
    }
    Ok(())
}

/// `--push` and `--load` are outputs by other names.
fn outputs(build: &mut Build, parsed: &Parsed) {
    if parsed.on("push") {
        let image = OutputKind::Image { push: true, names: Vec::new(), by_digest: false, store: true };
        match build.outputs.iter_mut().find(|output| matches!(output.kind, OutputKind::Image { .. })) {
            Some(output) => {
                if let OutputKind::Image { push, .. } = &mut output.kind {
                    *push = true;
                }
            }
            None => build.outputs.push(Output { kind: image, options: Default::default() }),
        }
    }
}

const REFUSED: &[(&str, &str)] = &[
    ("call", "only builds are carried out, not checks of other kinds"),
    ("check", "only builds are carried out, not checks of other kinds"),
    ("isolation", "it is for Windows containers"),
    ("security-opt", "RUN --security says what a step may do"),
    ("cgroup-parent", "control groups belong to the job"),
    ("squash", "layers stay as the Dockerfile has them"),
    ("policy", "there are no policies of sources"),
];

/// What came over the standard input, in a file.
struct Spool {
    path: PathBuf,
}

impl Spool {
    async fn read(session: &Session) -> Result<Self, Failure> {
        let dir = session.ground.builder.clone();
        let input = session.stdin.try_clone()?;
        crate::session::blocking(move || {
            std::fs::create_dir_all(&dir)?;
            let path = dir.join(format!("context-{}", container::fresh_id()));
            // Made first, so that it is removed whatever comes.
            let spool = Self { path };
            let mut file = std::fs::File::options().create_new(true).write(true).open(&spool.path)?;
            std::io::copy(&mut std::fs::File::from(input), &mut file)?;
            Ok(spool)
        })
        .await
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes lines of events.
#[derive(Default)]
struct Progress {
    names: HashMap<StepId, String>,
    began: HashMap<StepId, Instant>,
    open: HashMap<StepId, bool>,
}

impl Progress {
    fn tell(&mut self, event: Event) -> Vec<u8> {
        match event {
            Event::Planned { step, name, .. } => {
                self.names.insert(step, name);
                Vec::new()
            }
            Event::Started { step } => {
                self.began.insert(step, Instant::now());
                self.heading(step)
            }
            Event::Cached { step } => {
                let mut text = self.heading(step);
                text.extend(format!("#{} CACHED\n\n", step.0).bytes());
                text
            }
            Event::Log { step, data, .. } => self.log(step, &data),
            Event::Finished { step, took, error } => {
                let mut text = self.close(step);
                text.extend(
                    match error {
                        None => format!("#{} DONE {:.1}s\n\n", step.0, took.as_secs_f64()),
                        Some(error) => format!("#{} ERROR: {error}\n\n", step.0),
                    }
                    .bytes(),
                );
                text
            }
            Event::Transfer { .. } => Vec::new(),
            Event::Warning { message, line } => {
                let place = line.map_or_else(String::new, |line| format!(" (line {line})"));
                format!("WARNING: {message}{place}\n").into_bytes()
            }
        }
    }

    fn heading(&mut self, step: StepId) -> Vec<u8> {
        match self.names.remove(&step) {
            Some(name) => format!("#{} {name}\n", step.0).into_bytes(),
            None => Vec::new(),
        }
    }

    fn log(&mut self, step: StepId, data: &[u8]) -> Vec<u8> {
        let seconds = self.began.get(&step).map_or(0.0, |began| began.elapsed().as_secs_f64());
        let open = self.open.entry(step).or_default();
        let mut text = Vec::with_capacity(data.len() + 16);
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            if !*open {
                text.extend(format!("#{} {seconds:.3} ", step.0).bytes());
            }
            text.extend(line);
            *open = line.last() != Some(&b'\n');
        }
        text
    }

    fn close(&mut self, step: StepId) -> Vec<u8> {
        if self.open.remove(&step) == Some(true) { b"\n".to_vec() } else { Vec::new() }
    }
}
