//! One feature: a file that holds a Dockerfile, the files of its context, and what has to come of it.
//!
//! Parts begin with a line `-- name --`. `Dockerfile` and every other name are files of the context (`name 755` makes one
//! executable, `name -> target` a link, `name <= directory` an archive of one). `build` says how it is built, a line each; `expect` what has to be so; `fails` holds
//! the message of a build that fails.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use builder::{
    Build, CacheLocation, Context, DockerfileSource, Event, NetworkMode, NoCache, Output, OutputKind, Secret,
};

use super::world::{Told, World};

pub(crate) struct Feature {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    parts: Vec<(String, String)>,
}

/// An entry of the image.
struct Member {
    kind: tar::EntryType,
    mode: u32,
    owner: (u64, u64),
    mtime: u64,
    link: Option<String>,
    content: Vec<u8>,
}

impl Feature {
    pub(crate) fn read(path: &Path) -> Feature {
        let text = std::fs::read_to_string(path).unwrap();
        let mut parts: Vec<(String, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            let marker = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
            match (marker, parts.last_mut()) {
                (Some(name), _) => parts.push((name.to_owned(), String::new())),
                (None, Some((_, content))) => content.push_str(line),
                // What stands above the first part tells what the feature is.
                (None, None) => {}
            }
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Feature { name, path: path.to_owned(), parts }
    }

    fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(own, _)| own == name).map(|(_, content)| content.as_str())
    }

    fn lines(&self, part: &str) -> impl Iterator<Item = &str> {
        self.part(part).unwrap_or_default().lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    }

    fn write_context(&self, dir: &Path) {
        std::fs::create_dir_all(dir).unwrap();
        for (name, content) in &self.parts {
            if ["build", "expect", "fails"].contains(&name.as_str()) {
                continue;
            }
            if let Some((link, target)) = name.split_once(" -> ") {
                let path = dir.join(link);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                symlink(target, path).unwrap();
                continue;
            }
            if let Some((archive, directory)) = name.split_once(" <= ") {
                pack(&dir.join(archive), &dir.join(directory));
                continue;
            }
            let mode = name.rsplit_once(' ').filter(|(_, mode)| mode.bytes().all(|byte| byte.is_ascii_digit()));
            let (name, mode) = mode.unwrap_or((name, "644"));
            let path = dir.join(name);
            if name.ends_with('/') {
                std::fs::create_dir_all(&path).unwrap();
            } else {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, content).unwrap();
            }
            let mode = u32::from_str_radix(mode, 8).unwrap();
            std::fs::set_permissions(
                &path,
                PermissionsExt::from_mode(if name.ends_with('/') { mode | 0o111 } else { mode }),
            )
            .unwrap();
        }
    }

    fn build(&self, context: &Path, tar: PathBuf) -> Build {
        let image = OutputKind::Image { push: false, names: Vec::new(), by_digest: false, store: true };
        let outputs = [image, OutputKind::Tar { dest: Some(tar) }];
        let mut build = Build {
            context: Context::Directory(context.to_owned()),
            outputs: outputs.into_iter().map(|kind| Output { kind, options: BTreeMap::new() }).collect(),
            offline: true,
            ..Build::default()
        };
        for line in self.lines("build") {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let pair = || {
                let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
                (name.to_owned(), value.to_owned())
            };
            match word {
                "arg" => drop(build.args.insert(pair().0, pair().1)),
                "label" => drop(build.labels.insert(pair().0, pair().1)),
                "secret" => drop(build.secrets.insert(pair().0, Secret::Value(Arc::from(pair().1.as_bytes())))),
                "target" => build.target = Some(rest.to_owned()),
                "file" => build.dockerfile = DockerfileSource::InContext(rest.into()),
                "platform" => build.platforms.push(rest.parse().unwrap()),
                "tag" => build.tags.push(rest.parse().unwrap()),
                "network-none" => build.network = NetworkMode::None,
                "no-cache" => build.no_cache = NoCache::All,
                "allow-insecure" => build.allow.security_insecure = true,
                "allow-host" => build.allow.network_host = true,
                "context" => {
                    let (name, value) = pair();
                    let value = match value.split_once("://") {
                        Some(("docker-image", reference)) => Context::Image(reference.parse().unwrap()),
                        _ => match value.strip_prefix("target:") {
                            Some(stage) => Context::Stage(stage.to_owned()),
                            None => Context::Directory(context.join(value)),
                        },
                    };
                    build.contexts.insert(name, value);
                }
                "subdirectory" => build.context = Context::Directory(context.join(rest)),
                "epoch" => build.source_date_epoch = Some(rest.parse().unwrap()),
                "inline-cache" => build.cache_to.push(CacheLocation::Inline),
                other => panic!("{}: there is no `{other}` in `build`", self.name),
            }
        }
        build
    }

    /// Builds it and says what is not as it has to be.
    pub(crate) async fn check(&self, world: &World) -> Vec<String> {
        let context = world.path(&format!("contexts/{}", self.name));
        self.write_context(&context);
        let tar = world.path(&format!("{}.tar", self.name));
        let told = world.build(&self.build(&context, tar.clone())).await;
        let mut wrong = Vec::new();
        match (&told.outcome, self.part("fails")) {
            (Err(error), Some(expected)) => {
                let error = error.to_string().replace(&*context.to_string_lossy(), "<context>");
                if error.trim() != expected.trim() {
                    if std::env::var_os("UPDATE_FEATURES").is_some() {
                        self.update(&error);
                    }
                    wrong.push(format!("it fails with\n{error}\nand not with\n{expected}"));
                }
            }
            (Err(error), None) => wrong.push(format!("it fails:\n{error}\n{}", told.log())),
            (Ok(_), Some(_)) => wrong.push("it does not fail".to_owned()),
            (Ok(built), None) => {
                let members = members(&tar);
                let config = serde_json::to_value(world.config(built)).unwrap();
                wrong.extend(self.lines("expect").filter_map(|line| expectation(line, &members, &config, &told).err()));
            }
        }
        wrong
    }

    fn update(&self, error: &str) {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let start = text.find("-- fails --\n").unwrap() + "-- fails --\n".len();
        std::fs::write(&self.path, format!("{}{}\n", &text[..start], error.trim_end())).unwrap();
    }
}

/// An archive of a directory, compressed if its name says so.
fn pack(archive: &Path, directory: &Path) {
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all(".", directory).unwrap();
    let bytes = builder.into_inner().unwrap();
    if archive.extension().is_some_and(|ending| ending == "gz") {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &bytes).unwrap();
        std::fs::write(archive, encoder.finish().unwrap()).unwrap();
    } else {
        std::fs::write(archive, bytes).unwrap();
    }
}

fn members(tar: &Path) -> BTreeMap<String, Member> {
    let mut archive = tar::Archive::new(std::fs::File::open(tar).unwrap());
    let mut members = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let header = entry.header();
        let member = Member {
            kind: header.entry_type(),
            mode: header.mode().unwrap() & 0o7777,
            owner: (header.uid().unwrap(), header.gid().unwrap()),
            mtime: header.mtime().unwrap(),
            link: entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned()),
            content: Vec::new(),
        };
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let path = format!("/{}", path.trim_start_matches("./").trim_matches('/'));
        members.insert(path, Member { content, ..member });
    }
    members
}

fn expectation(
    line: &str,
    members: &BTreeMap<String, Member>,
    config: &serde_json::Value,
    told: &Told,
) -> Result<(), String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (subject, value) = rest.split_once(": ").unwrap_or((rest.trim_end_matches(':'), ""));
    let member = || members.get(subject).ok_or_else(|| format!("{subject} is not there"));
    let same = |own: String, expected: &str| {
        if own == expected { Ok(()) } else { Err(format!("{word} {subject} is `{own}` and not `{expected}`")) }
    };
    match word {
        "file" => {
            let mut member = member()?;
            if member.kind == tar::EntryType::Link {
                let link = member.link.clone().unwrap_or_default();
                member = members
                    .get(&format!("/{}", link.trim_start_matches('/')))
                    .ok_or("the link's target is not there")?;
            }
            let text = String::from_utf8_lossy(&member.content).into_owned();
            same(text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""), value)
        }
        "entry" => {
            let member = member()?;
            same(format!("{:o} {}:{}", member.mode, member.owner.0, member.owner.1), value)
        }
        "directory" => same(format!("{}", member()?.kind == tar::EntryType::Directory), "true"),
        "link" => same(member()?.link.clone().unwrap_or_default(), value),
        "mtime" => same(member()?.mtime.to_string(), value),
        "absent" if members.contains_key(subject) => Err(format!("{subject} is there")),
        "absent" => Ok(()),
        "config" => {
            let own = config.pointer(subject).cloned().unwrap_or(serde_json::Value::Null);
            same(own.to_string(), value)
        }
        "layers" => same(config["rootfs"]["diff_ids"].as_array().map_or(0, Vec::len).to_string(), subject)
            .map_err(|_| format!("layers: {}", config["rootfs"]["diff_ids"])),
        "log" if told.log().contains(rest) => Ok(()),
        "log" => Err(format!("`{rest}` is not in the log:\n{}", told.log())),
        "not-in-log" if told.log().contains(rest) => Err(format!("`{rest}` is in the log")),
        "not-in-log" => Ok(()),
        "warning" if told.warnings().iter().any(|warning| warning.contains(rest)) => Ok(()),
        "warning" => Err(format!("no warning has `{rest}`: {:?}", told.warnings())),
        "step" => {
            let found =
                told.events.iter().any(|event| matches!(event, Event::Planned { name, .. } if name.contains(rest)));
            if found { Ok(()) } else { Err(format!("no step has `{rest}`")) }
        }
        "no-step" => {
            let found =
                told.events.iter().any(|event| matches!(event, Event::Planned { name, .. } if name.contains(rest)));
            if found { Err(format!("a step has `{rest}`")) } else { Ok(()) }
        }
        other => Err(format!("there is no `{other}` in `expect`")),
    }
}
