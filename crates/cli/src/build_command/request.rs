//! From the command line to what the builder is asked for.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use builder::flags::{self, Cache, Files};
use builder::{Build, Context, DockerfileSource, NoCache, Output, OutputKind, Provenance};
use image::Reference;
use tempfile::NamedTempFile;

use super::BuildArgs;
use crate::failure::Failure;

/// A build, with the file that holds what standard input gave.
pub(super) struct Request {
    pub(super) build: Build,
    /// What is accepted and done in another way.
    pub(super) notes: Vec<String>,
    _input: Option<NamedTempFile>,
}

/// A Dockerfile from standard input may be as large as this.
const LARGEST: u64 = 16 << 20;

pub(super) fn read(args: &BuildArgs) -> Result<Request, Failure> {
    let path = |path: &Path| -> Result<PathBuf, String> {
        let path = match (path.strip_prefix("~"), std::env::home_dir()) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_owned(),
        };
        std::path::absolute(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let env = |name: &str| std::env::var(name).ok();
    let files = Files { path: &path, env: &env };
    let (mut build, mut notes) = (Build::default(), Vec::new());
    let input = context(args, &files, &mut build)?;
    for text in &args.build_arg {
        build.args.extend(flags::argument(text, &files).map_err(Failure::usage)?);
    }
    if let Some(epoch) = env("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty())
        && !build.args.contains_key("SOURCE_DATE_EPOCH")
    {
        let wrong = || Failure::usage(format!("SOURCE_DATE_EPOCH is seconds since 1970, not `{epoch}`"));
        build.source_date_epoch = Some(epoch.parse().map_err(|_| wrong())?);
    }
    each(&args.build_context, |text| flags::named_context(text, &files), &mut build.contexts)?;
    each(&args.secret, |text| flags::secret(text, &files), &mut build.secrets)?;
    each(&args.ssh, |text| flags::ssh(text, &files), &mut build.ssh)?;
    build.labels.extend(args.label.iter().map(|text| flags::label(text)));
    for text in &args.annotation {
        build.annotations.extend(flags::annotation(text).map_err(Failure::usage)?);
    }
    for text in &args.tag {
        build.tags.push(Reference::parse(text).map_err(Failure::usage)?);
    }
    for text in &args.platform {
        build.platforms.push(text.trim().parse().map_err(Failure::usage)?);
    }
    if args.platform.is_empty()
        && let Some(platform) = env("DOCKER_DEFAULT_PLATFORM").filter(|text| !text.is_empty())
    {
        build.platforms.push(platform.parse().map_err(Failure::usage)?);
    }
    build.target = args.target.clone().filter(|target| !target.is_empty());
    build.no_cache = match (args.no_cache, args.no_cache_filter.as_slice()) {
        (true, _) => NoCache::All,
        (false, []) => NoCache::No,
        (false, stages) => NoCache::Stages(stages.to_vec()),
    };
    (build.pull, build.offline, build.jobs) = (args.pull, args.offline, args.jobs);
    for (flag, texts) in [("--cache-from", &args.cache_from), ("--cache-to", &args.cache_to)] {
        for text in texts {
            match flags::cache(flag, text, &files).map_err(Failure::usage)? {
                Cache::At(location) if flag == "--cache-from" => build.cache_from.push(location),
                Cache::At(location) => build.cache_to.push(location),
                Cache::StoreOnly(kind) => notes.push(format!(
                    "{flag} type={kind}: this machine's store stands in for it, which keeps the results of builds anyway"
                )),
            }
        }
    }
    for text in &args.output {
        build.outputs.push(flags::output(text, &files).map_err(Failure::usage)?);
    }
    if args.push || args.load {
        let kind = OutputKind::Image { push: args.push, names: Vec::new(), by_digest: false, store: true };
        build.outputs.push(Output { kind, options: Default::default() });
    }
    if args.push && build.tags.is_empty() {
        return Err(Failure::usage("--push needs a name: give the image one with -t"));
    }
    build.network = flags::network(&args.network).map_err(Failure::usage)?;
    for text in &args.add_host {
        build.add_hosts.push(flags::host(text).map_err(Failure::usage)?);
    }
    build.shm_size =
        args.shm_size.as_deref().map(|text| flags::size("--shm-size", text)).transpose().map_err(Failure::usage)?;
    for text in &args.ulimit {
        build.ulimits.push(flags::ulimit(text).map_err(Failure::usage)?);
    }
    for text in &args.allow {
        flags::allow(&mut build.allow, text).map_err(Failure::usage)?;
    }
    attestations(args, &mut build)?;
    Ok(Request { build, notes, _input: input })
}

fn each<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<(String, T), String>,
    into: &mut std::collections::BTreeMap<String, T>,
) -> Result<(), Failure> {
    for text in texts {
        let (name, value) = read(text).map_err(Failure::usage)?;
        into.insert(name, value);
    }
    Ok(())
}

fn context(args: &BuildArgs, files: &Files<'_>, build: &mut Build) -> Result<Option<NamedTempFile>, Failure> {
    let from_input = args.context == "-";
    let mut held = None;
    if from_input {
        if args.file.as_deref() == Some("-") {
            return Err(Failure::usage("standard input cannot be both the context and the Dockerfile"));
        }
        let mut file = NamedTempFile::new().map_err(Failure::broken)?;
        io::copy(&mut io::stdin().lock(), &mut file).map_err(Failure::broken)?;
        build.context = Context::Archive(file.path().to_owned());
        held = Some(file);
    } else {
        build.context = flags::context(&args.context, files).map_err(Failure::usage)?;
    }
    build.dockerfile = match args.file.as_deref() {
        None => DockerfileSource::default(),
        Some("-") => {
            let mut text = String::new();
            let read = io::stdin().lock().take(LARGEST).read_to_string(&mut text);
            read.map_err(|error| Failure::usage(format!("the Dockerfile on standard input: {error}")))?;
            DockerfileSource::Text { name: "Dockerfile".to_owned(), text }
        }
        // As docker does: a path from here, wherever the context is; inside what is no directory, a path of it.
        Some(path) if matches!(build.context, Context::Directory(_)) => {
            let here = (files.path)(Path::new(path)).map_err(Failure::usage)?;
            match &build.context {
                Context::Directory(directory) if !here.exists() && directory.join(path).exists() => {
                    DockerfileSource::InContext(path.into())
                }
                _ => DockerfileSource::File(shortest(&here)),
            }
        }
        Some(path) => DockerfileSource::InContext(path.into()),
    };
    Ok(held)
}

/// From here if it lies here, so that messages are short.
fn shortest(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or_else(|| path.to_owned())
}

fn attestations(args: &BuildArgs, build: &mut Build) -> Result<(), Failure> {
    let truth = |text: &str| matches!(text, "true" | "1" | "True" | "TRUE");
    if let Some(text) = &args.provenance {
        build.provenance = flags::provenance(text).map_err(Failure::usage)?;
    }
    if let Some(text) = &args.sbom {
        build.sbom = truth(text) || text.contains('=');
    }
    for text in &args.attest {
        let (kind, rest) = text.split_once(',').unwrap_or((text, ""));
        match kind.trim().strip_prefix("type=").unwrap_or(kind) {
            "provenance" => {
                let given = if rest.is_empty() { "true" } else { rest };
                build.provenance = flags::provenance(given).map_err(Failure::usage)?;
                if build.provenance == Provenance::None && !rest.contains("disabled") {
                    build.provenance = Provenance::Min;
                }
            }
            "sbom" => build.sbom = !rest.contains("disabled=true"),
            other => {
                return Err(Failure::usage(format!("--attest {text}: the type is provenance or sbom, not {other}")));
            }
        }
    }
    Ok(())
}
