//! Options of a mount, read for its type.

use span::{Diagnostic, Span, did_you_mean};

use super::{Mount, MountFlag, MountKind, MountOption, Sharing};
use crate::flags::boolean;
use crate::{Expander, Word, size};

const TYPES: [&str; 5] = ["bind", "cache", "tmpfs", "secret", "ssh"];
const SHARING: [(&str, Sharing); 3] =
    [("shared", Sharing::Shared), ("private", Sharing::Private), ("locked", Sharing::Locked)];
/// Every key of every type.
const KEYS: [&str; 18] = [
    "type",
    "from",
    "source",
    "src",
    "target",
    "dst",
    "destination",
    "readonly",
    "ro",
    "readwrite",
    "rw",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
];

/// What the options say so far.
#[derive(Default)]
struct Options {
    from: Option<String>,
    source: String,
    target: String,
    read_only: Option<bool>,
    id: Option<String>,
    sharing: Option<Sharing>,
    required: bool,
    size: Option<u64>,
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
    env: Option<String>,
}

pub(super) fn unknown_key(option: &MountOption) -> Option<Diagnostic> {
    if KEYS.contains(&option.key.as_str()) || option.key == "env" {
        return None;
    }
    let what = if option.key.is_empty() {
        "an option is empty".to_owned()
    } else {
        format!("a mount has no option `{}`", option.key)
    };
    let diagnostic = error(option.key_span, what);
    Some(match did_you_mean(&option.key, KEYS.into_iter().chain(["env"])) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("options are `{}` and `env`", KEYS.join("`, `"))),
    })
}

fn error(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("dockerfile/mount", message).at(span)
}

pub(super) fn mount(flag: &MountFlag, expander: &mut Expander<'_>) -> Result<Mount, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for option in &flag.options {
        if let Some(diagnostic) = unknown_key(option) {
            problems.push(diagnostic);
            continue;
        }
        match option.value.as_ref().map(|value| expander.word(value)).transpose() {
            Ok(value) => values.push((option, value)),
            Err(diagnostic) => problems.push(diagnostic),
        }
    }
    // The type first: what the others may be depends on it.
    let mut kind = "bind";
    for (option, value) in values.iter().filter(|(option, _)| option.key == "type") {
        let Some(word) = value else {
            problems.push(needs_value(option));
            continue;
        };
        let text = word.text.to_ascii_lowercase();
        match TYPES.iter().find(|own| **own == text) {
            Some(own) => kind = own,
            None => {
                let diagnostic = error(word.span, format!("there is no mount type `{}`", word.text));
                problems.push(match did_you_mean(&text, TYPES) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help(format!("types are `{}`", TYPES.join("`, `"))),
                });
                return Err(problems);
            }
        }
    }
    let mut options = Options::default();
    for (option, value) in &values {
        if let Err(diagnostic) = options.take(kind, option, value.as_ref()) {
            problems.push(diagnostic);
        }
    }
    let built = options.build(kind, flag.word.span);
    match built {
        Ok(kind) if problems.is_empty() => Ok(Mount { kind, span: flag.word.span }),
        Ok(_) => Err(problems),
        Err(diagnostic) => {
            problems.push(diagnostic);
            Err(problems)
        }
    }
}

fn needs_value(option: &MountOption) -> Diagnostic {
    error(option.key_span, format!("`{}` needs a value", option.key)).help(format!("write `{}=…`", option.key))
}

impl Options {
    fn take(&mut self, kind: &str, option: &MountOption, value: Option<&Word>) -> Result<(), Diagnostic> {
        let key = option.key.as_str();
        let only_for = |kinds: &[&str]| {
            if kinds.contains(&kind) {
                return Ok(());
            }
            let message = format!("`{key}` means nothing to a mount of type `{kind}`");
            Err(error(option.key_span, message).help(format!("it belongs to `{}`", kinds.join("`, `"))))
        };
        match key {
            "readonly" | "ro" => self.read_only = Some(flag(option, value)?),
            "readwrite" | "rw" => self.read_only = Some(!flag(option, value)?),
            "required" => {
                only_for(&["secret", "ssh"])?;
                self.required = flag(option, value)?;
            }
            _ => {
                let word = value.ok_or_else(|| needs_value(option))?;
                let text = word.text.clone();
                match key {
                    "from" => {
                        if kind == "secret" || kind == "ssh" || kind == "tmpfs" {
                            only_for(&["bind", "cache"])?;
                        }
                        self.from = Some(text).filter(|from| !from.is_empty());
                    }
                    "source" | "src" => self.source = text,
                    "target" | "dst" | "destination" => self.target = text,
                    "id" => self.id = Some(text).filter(|id| !id.is_empty()),
                    "env" => {
                        only_for(&["secret"])?;
                        self.env = Some(text);
                    }
                    "sharing" => {
                        only_for(&["cache"])?;
                        self.sharing = Some(sharing(word)?);
                    }
                    "size" => {
                        only_for(&["tmpfs"])?;
                        self.size = Some(size::parse(&text).ok_or_else(|| {
                            error(word.span, format!("`{text}` is no size"))
                                .help("a size is `64m`, `1.5g` or a number of bytes")
                        })?);
                    }
                    "mode" | "uid" | "gid" => {
                        only_for(&["secret", "ssh", "cache"])?;
                        self.number(key, word)?;
                    }
                    // The type was read before.
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn number(&mut self, key: &str, word: &Word) -> Result<(), Diagnostic> {
        let radix = if key == "mode" { 8 } else { 10 };
        let digits = !word.text.is_empty() && word.text.chars().all(|c| c.is_digit(radix));
        let number = u32::from_str_radix(&word.text, radix).ok().filter(|_| digits);
        let kind = if key == "mode" { "an octal mode" } else { "a number" };
        let number = number.ok_or_else(|| error(word.span, format!("`{key}` is {kind}, not `{}`", word.text)))?;
        match key {
            "mode" => self.mode = Some(number),
            "uid" => self.uid = Some(number),
            _ => self.gid = Some(number),
        }
        Ok(())
    }

    fn build(self, kind: &str, span: Span) -> Result<MountKind, Diagnostic> {
        let Options { from, source, target, read_only, id, sharing, required, size, mode, uid, gid, env } = self;
        let root = |target: &str| {
            if target.starts_with('/') && target.split('/').all(|part| part.is_empty() || part == ".") {
                return Err(error(span, "a mount cannot take the place of `/`"));
            }
            Ok(())
        };
        match kind {
            "cache" => {
                root(&target)?;
                let sharing = sharing.unwrap_or_default();
                let read_only = read_only.unwrap_or(false);
                Ok(MountKind::Cache { id, from, source, target, sharing, read_only, mode, uid, gid })
            }
            "tmpfs" => {
                root(&target)?;
                Ok(MountKind::Tmpfs { target, size, read_only: read_only.unwrap_or(false) })
            }
            "secret" => {
                if !source.is_empty() && id.is_some() {
                    return Err(error(span, "a secret has `id` or `source`, not both"));
                }
                let id = Some(source).filter(|source| !source.is_empty()).or(id);
                let base = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
                let id = match id {
                    Some(id) => id,
                    None if !target.is_empty() => base(&target),
                    None => {
                        return Err(
                            error(span, "a secret mount needs an `id`").help("as in `--mount=type=secret,id=token`")
                        );
                    }
                };
                let target = match (target.is_empty(), &env) {
                    (false, _) => Some(target),
                    (true, None) => Some(format!("/run/secrets/{}", base(&id))),
                    (true, Some(_)) => None,
                };
                let (uid, gid) = (uid.unwrap_or(0), gid.unwrap_or(0));
                Ok(MountKind::Secret { id, target, env, required, mode: mode.unwrap_or(0o400), uid, gid })
            }
            "ssh" => {
                if !source.is_empty() {
                    return Err(error(span, "an ssh mount has no `source`").help("`id` names the agent or key"));
                }
                let id = id.unwrap_or_else(|| "default".to_owned());
                let target = Some(target).filter(|target| !target.is_empty());
                let (uid, gid) = (uid.unwrap_or(0), gid.unwrap_or(0));
                Ok(MountKind::Ssh { id, target, required, mode: mode.unwrap_or(0o600), uid, gid })
            }
            _ => {
                root(&target)?;
                Ok(MountKind::Bind { from, source, target, read_only: read_only.unwrap_or(true) })
            }
        }
    }
}

fn flag(option: &MountOption, value: Option<&Word>) -> Result<bool, Diagnostic> {
    match value {
        None => Ok(true),
        Some(word) => boolean(&word.text)
            .ok_or_else(|| error(word.span, format!("`{}` is `true` or `false`, not `{}`", option.key, word.text))),
    }
}

fn sharing(word: &Word) -> Result<Sharing, Diagnostic> {
    let text = word.text.to_ascii_lowercase();
    if let Some((_, sharing)) = SHARING.iter().find(|(own, _)| *own == text) {
        return Ok(*sharing);
    }
    let names = SHARING.map(|(own, _)| own);
    let diagnostic = error(word.span, format!("there is no sharing `{}`", word.text));
    Err(match did_you_mean(&text, names) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("it is one of `{}`", names.join("`, `"))),
    })
}
