//! The texts that `docker build`'s flags take, read into what [`crate::Build`] is made of.
//!
//! Paths go through [`Files`]: on the command line they are what they say, in a job they are paths of the job.

mod attributes;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use image::Reference;

use self::attributes::Attributes;
use crate::{
    Annotation, AnnotationLevel, CacheLocation, CacheMode, Context, Entitlements, NetworkMode, Output, OutputKind,
    Provenance, Secret, SshAgent,
};

/// What a flag's text refers to outside itself.
pub struct Files<'a> {
    /// Where a path, absolute or relative, lies on this machine.
    pub path: &'a (dyn Fn(&Path) -> Result<PathBuf, String> + Sync),
    /// The value of a variable.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
}

/// `--output`: `type=local,dest=out`, or a directory, or `-` for an archive on standard output.
pub fn output(text: &str, files: &Files<'_>) -> Result<Output, String> {
    let mut attributes = Attributes::read("--output", text)?;
    if text == "-" {
        return Ok(plain(OutputKind::Tar { dest: None }));
    }
    if !text.contains('=') {
        return Ok(plain(OutputKind::Local { dest: (files.path)(Path::new(text))? }));
    }
    let kind = attributes.take("type").ok_or_else(|| format!("--output {text}: type is missing"))?;
    let dest = |attributes: &mut Attributes| match attributes.take("dest").or_else(|| attributes.take("destination")) {
        None => Ok(None),
        Some(dest) if dest == "-" => Ok(None),
        Some(dest) => (files.path)(Path::new(&dest)).map(Some),
    };
    let kind = match kind.as_str() {
        "local" => OutputKind::Local {
            dest: dest(&mut attributes)?.ok_or_else(|| format!("--output {text}: dest is missing"))?,
        },
        "tar" => OutputKind::Tar { dest: dest(&mut attributes)? },
        "oci" => OutputKind::Oci { dest: dest(&mut attributes)?, tar: attributes.flag("tar", true)? },
        "docker" => {
            // The image's name is that of the build's tags.
            attributes.drop_known(&["name", "context"]);
            OutputKind::Docker { dest: dest(&mut attributes)? }
        }
        kind @ ("image" | "registry") => OutputKind::Image {
            push: attributes.flag("push", kind == "registry")?,
            names: attributes
                .take("name")
                .map(|names| names.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            by_digest: attributes.flag("push-by-digest", false)?,
            store: attributes.flag("store", true)?,
        },
        "cacheonly" => OutputKind::CacheOnly,
        other => return Err(format!("--output {text}: there is no type {other}")),
    };
    Ok(Output { kind, options: attributes.rest() })
}

fn plain(kind: OutputKind) -> Output {
    Output { kind, options: Default::default() }
}

/// What one `--cache-from` or `--cache-to` means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cache {
    At(CacheLocation),
    /// A cache that only GitHub's or a cloud's machines have: the store of this machine stands in for it.
    StoreOnly(String),
}

/// `--cache-from` and `--cache-to`.
pub fn cache(flag: &'static str, text: &str, files: &Files<'_>) -> Result<Cache, String> {
    let mut attributes = Attributes::read(flag, text)?;
    let reference = |name: &str| Reference::parse(name).map_err(|error| format!("{flag} {text}: {error}"));
    if !text.contains('=') {
        return Ok(Cache::At(CacheLocation::Registry { reference: reference(text)?, mode: CacheMode::Min }));
    }
    let mode = match attributes.take("mode").as_deref() {
        None | Some("min") => CacheMode::Min,
        Some("max") => CacheMode::Max,
        Some(other) => return Err(format!("{flag} {text}: mode is min or max, not {other}")),
    };
    let kind = attributes.take("type").unwrap_or_else(|| "registry".to_owned());
    let location = match kind.as_str() {
        "registry" => {
            let name = attributes.take("ref").ok_or_else(|| format!("{flag} {text}: ref is missing"))?;
            CacheLocation::Registry { reference: reference(&name)?, mode }
        }
        "local" => {
            let name = if flag == "--cache-from" { "src" } else { "dest" };
            let path = attributes.take(name).ok_or_else(|| format!("{flag} {text}: {name} is missing"))?;
            CacheLocation::Local { path: (files.path)(Path::new(&path))?, mode }
        }
        "inline" => CacheLocation::Inline,
        "gha" | "s3" | "azblob" => return Ok(Cache::StoreOnly(kind)),
        other => return Err(format!("{flag} {text}: there is no type {other}")),
    };
    Ok(Cache::At(location))
}

/// `--secret`: `id=name,src=file` or `id=name,env=VARIABLE`.
pub fn secret(text: &str, files: &Files<'_>) -> Result<(String, Secret), String> {
    let mut attributes = Attributes::read("--secret", text)?;
    let kind = attributes.take("type");
    let id = attributes.take("id");
    let source = attributes.take("src").or_else(|| attributes.take("source"));
    let variable = attributes.take("env");
    attributes.nothing_left()?;
    let id = id.ok_or_else(|| "--secret: id is missing".to_owned())?;
    let of_variable = |name: &str| {
        let value = (files.env)(name).ok_or_else(|| format!("--secret id={id}: the variable {name} is not set"))?;
        Ok::<_, String>(Secret::Value(value.into_bytes().into()))
    };
    let secret = match (kind.as_deref(), source, variable) {
        (Some("env"), source, variable) => of_variable(&variable.or(source).unwrap_or_else(|| id.clone()))?,
        (None | Some("file"), Some(source), None) => Secret::File((files.path)(Path::new(&source))?),
        (None, None, Some(variable)) => of_variable(&variable)?,
        // Neither: a variable of that name, else a file.
        (None, None, None) if (files.env)(&id).is_some() => of_variable(&id)?,
        (None | Some("file"), None, None) => Secret::File((files.path)(Path::new(&id))?),
        (Some(other), ..) if other != "file" => {
            return Err(format!("--secret id={id}: type is file or env, not {other}"));
        }
        _ => return Err(format!("--secret id={id}: src and env exclude each other")),
    };
    Ok((id, secret))
}

/// `--ssh`: `default`, `id=socket`, `id=key,key`.
pub fn ssh(text: &str, files: &Files<'_>) -> Result<(String, SshAgent), String> {
    let (id, paths) = text.split_once('=').unwrap_or((text, ""));
    if id.is_empty() {
        return Err(format!("--ssh {text}: the id is missing; write default"));
    }
    let paths = match paths {
        "" => vec![(files.env)("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).ok_or_else(|| {
            format!("--ssh {text}: there is no agent, SSH_AUTH_SOCK is not set; name a socket or keys: {id}=PATH")
        })?],
        paths => paths.split(',').map(str::to_owned).collect(),
    };
    let paths = paths.iter().map(|path| (files.path)(Path::new(path))).collect::<Result<Vec<_>, _>>()?;
    if let [path] = paths.as_slice() {
        use std::os::unix::fs::FileTypeExt as _;
        if std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_socket()) {
            return Ok((id.to_owned(), SshAgent::Socket(path.clone())));
        }
    }
    Ok((id.to_owned(), SshAgent::Keys(paths)))
}

/// `--annotation`: `[level[platform],…:]key=value`. One for each level.
pub fn annotation(text: &str) -> Result<Vec<Annotation>, String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("--annotation {text}: expected key=value"))?;
    let (levels, key) = match key.split_once(':') {
        Some((levels, key)) => (levels, key),
        None => ("manifest", key),
    };
    if key.is_empty() {
        return Err(format!("--annotation {text}: the key is empty"));
    }
    let mut found = Vec::new();
    for level in levels.split(',') {
        let (name, platform) = match level.split_once('[') {
            None => (level, None),
            Some((name, platform)) => {
                let platform = platform.strip_suffix(']').and_then(|platform| platform.parse().ok());
                let platform = platform.ok_or_else(|| format!("--annotation {text}: {level} names no platform"))?;
                (name, Some(platform))
            }
        };
        let level = match name {
            "manifest" => AnnotationLevel::Manifest,
            "index" => AnnotationLevel::Index,
            "manifest-descriptor" => AnnotationLevel::ManifestDescriptor,
            "index-descriptor" => AnnotationLevel::IndexDescriptor,
            other => {
                return Err(format!(
                    "--annotation {text}: the level is manifest, index, manifest-descriptor or index-descriptor, not {other}"
                ));
            }
        };
        found.push(Annotation { level, platform, key: key.to_owned(), value: value.to_owned() });
    }
    Ok(found)
}

/// A build's context, or what a `--build-context` stands for.
pub fn context(text: &str, files: &Files<'_>) -> Result<Context, String> {
    if let Some(name) = text.strip_prefix("docker-image://") {
        return Reference::parse(name).map(Context::Image).map_err(|error| format!("{text}: {error}"));
    }
    if let Some(layout) = text.strip_prefix("oci-layout://") {
        let (path, selector) = match layout.split_once('@') {
            Some((path, digest)) => (path, Some(digest)),
            None => match layout.rsplit_once(':') {
                Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
                _ => (layout, None),
            },
        };
        let path = (files.path)(Path::new(path))?;
        return Ok(Context::OciLayout { path, selector: selector.map(str::to_owned) });
    }
    if let Some(stage) = text.strip_prefix("target:") {
        return Ok(Context::Stage(stage.to_owned()));
    }
    if is_git(text) {
        return Ok(Context::Git(text.to_owned()));
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(Context::Url(text.to_owned()));
    }
    (files.path)(Path::new(text)).map(Context::Directory)
}

/// Whether a context names a git repository.
pub fn is_git(text: &str) -> bool {
    let before = text.split(['#', '?']).next().unwrap_or(text);
    ["git://", "git@", "ssh://", "github.com/"].iter().any(|prefix| text.starts_with(prefix))
        || ((text.starts_with("http://") || text.starts_with("https://")) && before.ends_with(".git"))
}

/// `--build-context`: `name=context`.
pub fn named_context(text: &str, files: &Files<'_>) -> Result<(String, Context), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("--build-context {text}: expected name=context"))?;
    Ok((name.to_owned(), context(value, files)?))
}

/// `--build-arg`: `name=value`, or the name of a variable; `None` when that is not set.
pub fn argument(text: &str, files: &Files<'_>) -> Result<Option<(String, String)>, String> {
    match text.split_once('=') {
        _ if text.is_empty() || text.starts_with('=') => Err(format!("--build-arg {text}: expected name=value")),
        Some((name, value)) => Ok(Some((name.to_owned(), value.to_owned()))),
        None => Ok((files.env)(text).map(|value| (text.to_owned(), value))),
    }
}

/// `--label`: `key=value`, or a key alone.
pub fn label(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (key.to_owned(), value.to_owned())
}

/// `--add-host`: `name:address` or `name=address`.
pub fn host(text: &str) -> Result<(String, String), String> {
    let (name, address) = text
        .split_once(['=', ':'])
        .filter(|(name, address)| !name.is_empty() && !address.is_empty())
        .ok_or_else(|| format!("--add-host {text}: expected name:address"))?;
    Ok((name.to_owned(), address.trim_start_matches('[').trim_end_matches(']').to_owned()))
}

/// `--network`.
pub fn network(text: &str) -> Result<NetworkMode, String> {
    match text {
        "" | "default" => Ok(NetworkMode::Default),
        "host" => Ok(NetworkMode::Host),
        "none" => Ok(NetworkMode::None),
        other => Err(format!("--network {other}: a build's network is default, host or none")),
    }
}

/// `--allow`, which may be given several times.
pub fn allow(given: &mut Entitlements, text: &str) -> Result<(), String> {
    match text {
        "network.host" => given.network_host = true,
        "security.insecure" => given.security_insecure = true,
        other => return Err(format!("--allow {other}: there are network.host and security.insecure")),
    }
    Ok(())
}

/// `--shm-size`: `64m`.
pub fn size(flag: &str, text: &str) -> Result<u64, String> {
    let wrong = || format!("{flag} {text}: expected a size such as 64m");
    let lower = text.trim().to_ascii_lowercase();
    let lower = lower.strip_suffix("ib").or(lower.strip_suffix('b')).unwrap_or(&lower);
    let (digits, shift) = match lower.char_indices().last().ok_or_else(wrong)? {
        (at, 'k') => (&lower[..at], 10),
        (at, 'm') => (&lower[..at], 20),
        (at, 'g') => (&lower[..at], 30),
        _ => (lower, 0),
    };
    let number: u64 = digits.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

/// `--ulimit`: `nofile=1024:2048`; the hard limit is the soft one when it is left out.
pub fn ulimit(text: &str) -> Result<(String, u64, u64), String> {
    let wrong = || format!("--ulimit {text}: expected name=soft[:hard]");
    let (name, values) = text.split_once('=').ok_or_else(wrong)?;
    let number = |text: &str| match text {
        "-1" | "unlimited" => Ok(u64::MAX),
        digits => digits.parse().map_err(|_| wrong()),
    };
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let (soft, hard) = (number(soft)?, number(hard)?);
    if soft > hard {
        return Err(format!("--ulimit {text}: the soft limit is above the hard one"));
    }
    Ok((name.to_owned(), soft, hard))
}

/// `--provenance`: `true`, `false`, or attributes with `mode`.
pub fn provenance(text: &str) -> Result<Provenance, String> {
    match text.trim() {
        "" => return Ok(Provenance::None),
        "true" | "True" | "TRUE" | "1" => return Ok(Provenance::Min),
        "false" | "False" | "FALSE" | "0" => return Ok(Provenance::None),
        _ => {}
    }
    let mut attributes = Attributes::read("--provenance", text)?;
    if attributes.flag("disabled", false)? {
        return Ok(Provenance::None);
    }
    match attributes.take("mode").as_deref() {
        None | Some("min") => Ok(Provenance::Min),
        Some("max") => Ok(Provenance::Max),
        Some(other) => Err(format!("--provenance {text}: mode is min or max, not {other}")),
    }
}
