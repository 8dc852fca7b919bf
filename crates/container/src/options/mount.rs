//! `--volume`, `--mount` and `--tmpfs`.

use super::size;

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file or directory, absolute or relative to where the command runs. `create`: made when missing, as
    /// `--volume` does and `--mount` does not.
    Bind { path: String, create: bool },
    /// A volume by name.
    Volume(String),
    /// A volume of this container's own.
    Anonymous,
    /// `exec`: programs on it can be executed.
    Tmpfs { size: Option<u64>, mode: Option<u32>, exec: bool },
}

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub source: Source,
    /// Absolute path inside.
    pub target: String,
    pub read_only: bool,
    /// An empty volume takes what the image has at the target.
    pub copy_up: bool,
}

/// Reads `[source:]target[:options]`.
pub(super) fn volume(text: &str) -> Result<Mount, String> {
    let invalid = || format!("invalid volume specification: '{text}'");
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts[..] {
        [target] => (None, target, ""),
        [target, options] if !options.starts_with('/') && known_options(options) => (None, target, options),
        [source, target] => (Some(source), target, ""),
        [source, target, options] => (Some(source), target, options),
        _ => return Err(format!("{}: too many colons", invalid())),
    };
    if source == Some("") || target.is_empty() {
        return Err(format!("{}: empty section between colons", invalid()));
    }
    if !target.starts_with('/') {
        return Err(format!("{}: invalid mount path: '{target}' mount path must be absolute", invalid()));
    }
    if target.trim_end_matches('/').is_empty() {
        return Err(format!("{}: destination can't be '/'", invalid()));
    }
    let mut mount = Mount {
        source: match source {
            None => Source::Anonymous,
            Some(path) if path.starts_with('/') || path.starts_with('.') || path.starts_with('~') => {
                Source::Bind { path: path.to_owned(), create: true }
            }
            Some(name) => Source::Volume(volume_name(name)?),
        },
        target: target.to_owned(),
        read_only: false,
        copy_up: true,
    };
    for option in options.split(',').filter(|_| !options.is_empty()) {
        match option {
            "ro" | "readonly" => mount.read_only = true,
            "rw" => mount.read_only = false,
            "nocopy" => mount.copy_up = false,
            // Labels of SELinux and hints for file sharing on a Mac: nothing to do here.
            "z" | "Z" | "cached" | "delegated" | "consistent" => {}
            "private" | "rprivate" => {}
            "shared" | "rshared" | "slave" | "rslave" => {
                return Err(format!("{text}: propagation `{option}` is not supported: mounts made inside stay inside"));
            }
            option => return Err(format!("invalid mode: {option}")),
        }
    }
    Ok(mount)
}

fn known_options(text: &str) -> bool {
    text.split(',').all(|word| {
        let known = ["ro", "rw", "z", "Z", "nocopy", "cached", "delegated", "consistent"];
        known.contains(&word)
    })
}

/// Checks the name of a volume.
pub fn volume_name(name: &str) -> Result<String, String> {
    let valid = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    match valid {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "{name:?} includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are \
             allowed. If you intended to pass a host directory, use absolute path"
        )),
    }
}

/// Reads `type=bind,source=…,target=…[,readonly]`.
pub(super) fn mount(text: &str) -> Result<Mount, String> {
    let (mut kind, mut source, mut target) = ("volume", None, None);
    let (mut read_only, mut copy_up, mut size, mut mode) = (false, true, None, None);
    for field in text.split(',') {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (field, None),
        };
        let on = || match value {
            None | Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(value) => Err(format!("invalid value for {key}: {value}")),
        };
        let needed = || value.ok_or_else(|| format!("invalid field '{field}' must be a key=value pair"));
        match key {
            "type" => kind = needed()?,
            "source" | "src" => source = Some(needed()?),
            "target" | "dst" | "destination" => target = Some(needed()?),
            "readonly" | "ro" => read_only = on()?,
            "volume-nocopy" => copy_up = !on()?,
            "tmpfs-size" => size = Some(size::parse(needed()?)?),
            "tmpfs-mode" => {
                let value = needed()?;
                mode = Some(u32::from_str_radix(value, 8).map_err(|_| format!("invalid value for {key}: {value}"))?);
            }
            "consistency" => drop(needed()?),
            "bind-propagation" if matches!(needed()?, "private" | "rprivate") => {}
            "volume-driver" if needed()? == "local" => {}
            "bind-propagation" | "volume-driver" | "volume-opt" | "volume-label" | "volume-subpath"
            | "bind-nonrecursive" | "bind-recursive" | "image-subpath" => {
                return Err(format!("`{field}` is not supported"));
            }
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        }
    }
    let target = target.filter(|target| !target.is_empty()).ok_or("target is required")?;
    if !target.starts_with('/') {
        return Err(format!("invalid mount path: '{target}' mount path must be absolute"));
    }
    let source = match (kind, source) {
        ("bind", Some(path)) => Source::Bind { path: path.to_owned(), create: false },
        ("bind", None) => return Err("source is required".into()),
        ("volume", None | Some("")) => Source::Anonymous,
        ("volume", Some(name)) => Source::Volume(volume_name(name)?),
        ("tmpfs", None) => Source::Tmpfs { size, mode, exec: false },
        ("tmpfs", Some(_)) => return Err("a mount of type tmpfs has no source".into()),
        ("image" | "npipe" | "cluster", _) => return Err(format!("mounts of type `{kind}` are not supported")),
        _ => return Err(format!("mount type unknown: {kind:?}")),
    };
    Ok(Mount { source, target: target.to_owned(), read_only, copy_up })
}

/// Reads `path[:options]` of `--tmpfs`.
pub(super) fn tmpfs(text: &str) -> Result<Mount, String> {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    if !target.starts_with('/') {
        return Err(format!("invalid mount path: '{target}' mount path must be absolute"));
    }
    let (mut read_only, mut exec, mut bytes, mut mode) = (false, false, None, None);
    for option in options.split(',').filter(|_| !options.is_empty()) {
        match option.split_once('=') {
            Some(("size", value)) => bytes = Some(size::parse(value)?),
            Some(("mode", value)) => {
                mode = Some(u32::from_str_radix(value, 8).map_err(|_| format!("invalid mode: {value}"))?);
            }
            None if matches!(option, "rw" | "noexec" | "nosuid" | "nodev" | "noatime") => {}
            None if option == "exec" => exec = true,
            None if option == "ro" => read_only = true,
            _ => return Err(format!("invalid tmpfs option {option:?}")),
        }
    }
    let source = Source::Tmpfs { size: bytes, mode, exec };
    Ok(Mount { source, target: target.to_owned(), read_only, copy_up: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(path: &str, create: bool) -> Source {
        Source::Bind { path: path.into(), create }
    }

    #[test]
    fn volumes() {
        let cases = [
            ("/data", Source::Anonymous, "/data", false),
            ("/a:/b", bind("/a", true), "/b", false),
            ("./a:/b:ro", bind("./a", true), "/b", true),
            ("name:/b:ro,z", Source::Volume("name".into()), "/b", true),
        ];
        for (text, source, target, read_only) in cases {
            let mount = volume(text).unwrap();
            assert_eq!((mount.source, mount.target.as_str(), mount.read_only), (source, target, read_only), "{text}");
        }
        for wrong in ["", ":", "a:b", "/a:/b:what", "/a:/b:rw:x", "/a:/", "_:/x", "a b:/x", "/a:/b:rshared"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn mounts() {
        let mount_of = |text: &str| mount(text).unwrap();
        assert_eq!(mount_of("type=bind,src=/a,dst=/b,ro").source, bind("/a", false));
        assert!(mount_of("type=bind,src=/a,dst=/b,ro").read_only);
        assert_eq!(mount_of("source=v1,target=/b").source, Source::Volume("v1".into()));
        assert_eq!(
            mount_of("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770").source,
            Source::Tmpfs { size: Some(1 << 20), mode: Some(0o1770), exec: false }
        );
        for wrong in
            ["", "type=bind,target=/x", "type=x,target=/x", "target=x", "type=tmpfs,src=a,target=/x", "foo=1,target=/x"]
        {
            assert!(mount(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn temporary_file_systems() {
        assert_eq!(
            tmpfs("/run:rw,size=64m,mode=755").unwrap().source,
            Source::Tmpfs { size: Some(64 << 20), mode: Some(0o755), exec: false }
        );
        assert!(tmpfs("run").is_err());
        assert!(tmpfs("/run:what").is_err());
    }
}
