//! From inputs to a build.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use builder::flags::{self, Cache};
use builder::{Build, Context, DockerfileSource, NoCache, Output, OutputKind, Secret};
use image::Reference;

use crate::native::NativeCall;
use crate::native::docker::flag;
use crate::native::docker::list::{ListStyle, items};
use crate::native::docker::template::{Names, fill};
use crate::native::error::{Fault, Result};
use crate::native::files::{Files, absolute};

/// `{{defaultContext}}` until the real directory stands in for it.
const DEFAULT_CONTEXT: &str = "trunkline-default-context:";

struct DefaultContext;

impl Names for DefaultContext {
    fn value(&self, name: &str, _: &[String], _: &[(String, String)]) -> Result<Option<String>> {
        Ok((name == "defaultContext").then(|| DEFAULT_CONTEXT.to_owned()))
    }
}

/// Where a path of the job lies on this machine.
fn host_path(call: &NativeCall, path: &Path) -> Result<PathBuf, String> {
    let home = || path.strip_prefix("~").ok().map(|rest| call.home().join(rest));
    let inside = home().unwrap_or_else(|| absolute(path, &call.place.workspace));
    let files = Files(&call.place.sandbox);
    match files.resolve(&inside) {
        Ok(real) => Ok(files.host(&real)),
        Err(error) => Err(format!("cannot find {}: {error}", inside.display())),
    }
}

pub(super) async fn asked(call: &NativeCall) -> Result<Build> {
    let inputs = call.inputs();
    let commas = |name: &str| items(inputs.text(name), ListStyle::COMMAS);
    let lines = |name: &str| items(inputs.text(name), ListStyle::LINES);
    let path = |path: &Path| host_path(call, path);
    let env = |name: &str| call.env.get(name).cloned();
    let files = flags::Files { path: &path, env: &env };
    let mut build = Build { offline: call.place.images.offline, ..Build::default() };
    refuse_and_note(call)?;

    (build.context, build.dockerfile) = context(call, &files).await?;
    for text in lines("build-contexts") {
        let (name, value) =
            text.split_once('=').ok_or_else(|| Fault::Text(format!("build-contexts: `{text}` is not name=context")))?;
        build.contexts.insert(name.to_owned(), one_context(call, value, &files).await?);
    }
    for text in lines("build-args") {
        build.args.extend(flags::argument(&text, &files).map_err(Fault::Text)?);
    }
    build.labels.extend(lines("labels").iter().map(|text| flags::label(text)));
    for text in lines("annotations") {
        build.annotations.extend(flags::annotation(&text).map_err(Fault::Text)?);
    }
    for name in commas("tags") {
        let tag = Reference::parse(&name).map_err(|error| Fault::Text(format!("invalid tag \"{name}\": {error}")))?;
        build.tags.push(tag);
    }
    for name in commas("platforms") {
        build.platforms.push(name.parse().map_err(|error| Fault::Text(format!("platforms: `{name}`: {error}")))?);
    }
    build.target = inputs.some("target").map(str::to_owned);
    build.pull = inputs.flag("pull", false)?;
    build.network = flags::network(inputs.text("network")).map_err(Fault::Text)?;
    let stages = commas("no-cache-filters");
    build.no_cache = match inputs.flag("no-cache", false)? {
        true => NoCache::All,
        false if stages.is_empty() => NoCache::No,
        false => NoCache::Stages(stages),
    };
    for (input, flag) in [("cache-from", "--cache-from"), ("cache-to", "--cache-to")] {
        for text in lines(input) {
            match flags::cache(flag, &text, &files).map_err(Fault::Text)? {
                Cache::At(location) if input == "cache-from" => build.cache_from.push(location),
                Cache::At(location) => build.cache_to.push(location),
                Cache::StoreOnly(kind) => call.say(format!(
                    "{input}: type={kind} is not needed here, this machine's image store keeps the results of builds"
                )),
            }
        }
    }
    secrets(call, &mut build, &files)?;
    for text in commas("ssh") {
        let (id, agent) = flags::ssh(&text, &files).map_err(Fault::Text)?;
        build.ssh.insert(id, agent);
    }
    for text in commas("allow") {
        flags::allow(&mut build.allow, &text).map_err(Fault::Text)?;
    }
    for text in commas("add-hosts") {
        build.add_hosts.push(flags::host(&text).map_err(Fault::Text)?);
    }
    for text in lines("ulimit") {
        build.ulimits.push(flags::ulimit(&text).map_err(Fault::Text)?);
    }
    if let Some(text) = inputs.some("shm-size") {
        build.shm_size = Some(flags::size("--shm-size", text).map_err(Fault::Text)?);
    }
    build.outputs = outputs(call, &files)?;
    if build.tags.is_empty() && inputs.flag("push", false)? {
        return Err(Fault::text("tag is needed when pushing to registry: the input `tags` is empty"));
    }
    attestations(call, &mut build)?;
    Ok(build)
}

/// Inputs that say how BuildKit is to work.
fn refuse_and_note(call: &NativeCall) -> Result<()> {
    let inputs = call.inputs();
    match inputs.text("call") {
        "" | "build" => {}
        other => {
            return Err(Fault::Text(format!(
                "the input `call: {other}` is not supported; `trunkline build --check` checks a Dockerfile"
            )));
        }
    }
    if inputs.some("cgroup-parent").is_some() {
        return Err(Fault::text("the input `cgroup-parent` is not supported: builds have control groups of their own"));
    }
    Ok(())
}

/// The context and the Dockerfile, which is a path of the job, or of the context where that is the repository.
async fn context(call: &NativeCall, files: &flags::Files<'_>) -> Result<(Context, DockerfileSource)> {
    let inputs = call.inputs();
    let text = fill(inputs.text("context"), &DefaultContext)?;
    let text = if text.is_empty() { DEFAULT_CONTEXT.to_owned() } else { text };
    let context = one_context(call, &text, files).await?;
    let file = inputs.some("file");
    let remote = text.starts_with(DEFAULT_CONTEXT) || matches!(context, Context::Git(_) | Context::Url(_));
    let source = match file {
        None => DockerfileSource::default(),
        Some(file) if remote => DockerfileSource::InContext(PathBuf::from(file)),
        Some(file) => {
            let path = (files.path)(Path::new(file)).map_err(Fault::Text)?;
            if !path.is_file() {
                return Err(Fault::Text(format!(
                    "failed to read dockerfile: {file} does not exist in {}",
                    call.place.workspace.display()
                )));
            }
            DockerfileSource::File(path)
        }
    };
    if let Context::Directory(dir) = &context
        && !dir.is_dir()
    {
        return Err(Fault::Text(format!("unable to prepare context: path {text:?} not found; is there a checkout?")));
    }
    Ok((context, source))
}

async fn one_context(call: &NativeCall, text: &str, files: &flags::Files<'_>) -> Result<Context> {
    let text = fill(text, &DefaultContext)?;
    let Some(inner) = text.strip_prefix(DEFAULT_CONTEXT) else {
        return flags::context(&text, files).map_err(Fault::Text);
    };
    // GitHub's is the commit, fetched by BuildKit; here it is what a checkout gives.
    let snapshot = call.place.snapshot.get().await?;
    let inner = absolute(Path::new(inner.trim_start_matches(':')), Path::new("/"));
    let dir = snapshot.path.join(inner.strip_prefix("/").unwrap_or(&inner));
    let real = dir.canonicalize().map_err(Fault::io("find", &dir))?;
    if !real.starts_with(snapshot.path.canonicalize().map_err(Fault::io("find", &snapshot.path))?) {
        return Err(Fault::Text(format!("the context {} leads out of the repository", inner.display())));
    }
    Ok(Context::Directory(real))
}

fn outputs(call: &NativeCall, files: &flags::Files<'_>) -> Result<Vec<Output>> {
    let inputs = call.inputs();
    let style = ListStyle { plain_quotes: true, ..ListStyle::LINES };
    let texts = items(inputs.text("outputs"), style);
    let mut outputs =
        texts.iter().map(|text| flags::output(text, files)).collect::<Result<Vec<_>, _>>().map_err(Fault::Text)?;
    let image = |push| OutputKind::Image { push, names: Vec::new(), by_digest: false, store: true };
    let mut add = |kind| outputs.push(Output { kind, options: Default::default() });
    if inputs.flag("push", false)? {
        add(image(true));
    } else if inputs.flag("load", false)? {
        add(image(false));
    }
    if let Some(output) = outputs
        .iter()
        .find(|output| matches!(output.kind, OutputKind::Tar { dest: None } | OutputKind::Oci { dest: None, .. }))
    {
        return Err(Fault::Text(format!(
            "{:?}: a step has no standard output to write an archive to; give a dest",
            output.kind
        )));
    }
    Ok(outputs)
}

fn secrets(call: &NativeCall, build: &mut Build, files: &flags::Files<'_>) -> Result<()> {
    let inputs = call.inputs();
    let pair = |input: &str, text: &str| {
        let pair = text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.to_owned()));
        // The text may be a secret: it is not shown.
        pair.filter(|(key, value)| !key.is_empty() && !value.is_empty())
            .ok_or_else(|| format!("an entry of `{input}` is not key=value"))
    };
    let style = ListStyle { trim: false, ..ListStyle::LINES };
    for text in items(inputs.text("secrets"), style) {
        match pair("secrets", &text) {
            Ok((key, value)) => {
                build.secrets.insert(key, Secret::Value(Arc::from(value.into_bytes())));
            }
            Err(text) => call.warn(text),
        }
    }
    for text in items(inputs.text("secret-envs"), ListStyle::COMMAS) {
        match pair("secret-envs", &text) {
            Ok((key, variable)) => match (files.env)(variable.trim()) {
                Some(value) => {
                    build.secrets.insert(key, Secret::Value(Arc::from(value.into_bytes())));
                }
                None => call.warn(format!("secret-envs: the variable {variable} is not set")),
            },
            Err(text) => call.warn(text),
        }
    }
    for text in items(inputs.text("secret-files"), ListStyle::LINES) {
        match pair("secret-files", &text) {
            Ok((key, file)) => {
                let path = (files.path)(Path::new(file.trim())).map_err(Fault::Text)?;
                if path.is_file() {
                    build.secrets.insert(key, Secret::File(path));
                } else {
                    call.warn(format!("secret file {file} not found"));
                }
            }
            Err(text) => call.warn(text),
        }
    }
    if let Some(token) = inputs.some("github-token") {
        let host = call.env("GITHUB_SERVER_URL").split("://").last().unwrap_or_default().trim_end_matches('/');
        if !build.secrets.contains_key("GIT_AUTH_TOKEN") && !host.is_empty() {
            let value = Secret::Value(Arc::from(token.as_bytes()));
            build.secrets.entry(format!("GIT_AUTH_TOKEN.{host}")).or_insert(value);
        }
    }
    Ok(())
}

/// Provenance only where it is asked for: without it a digest depends on nothing but what is in the image.
fn attestations(call: &NativeCall, build: &mut Build) -> Result<()> {
    let inputs = call.inputs();
    let mut provenance = inputs.some("provenance").map(str::to_owned);
    build.sbom = !matches!(inputs.text("sbom").to_lowercase().as_str(), "" | "false" | "0");
    for text in items(inputs.text("attests"), ListStyle::LINES) {
        let rest = text.strip_prefix("type=").unwrap_or(&text);
        let (kind, attributes) = rest.split_once(',').unwrap_or((rest, ""));
        match kind {
            "provenance" => {
                let given = if attributes.is_empty() { "true" } else { attributes };
                provenance.get_or_insert_with(|| given.to_owned());
            }
            "sbom" => build.sbom |= !attributes.contains("disabled=true"),
            other => return Err(Fault::Text(format!("attests: the type is provenance or sbom, not {other}"))),
        }
    }
    if flag(call, "BUILDX_NO_DEFAULT_ATTESTATIONS", false)? && provenance.is_none() {
        return Ok(());
    }
    build.provenance = flags::provenance(provenance.as_deref().unwrap_or_default()).map_err(Fault::Text)?;
    Ok(())
}
