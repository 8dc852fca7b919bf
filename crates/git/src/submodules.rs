//! Submodules named in `.gitmodules`.

use std::ffi::OsString;
use std::path::Path;

use crate::checkout::run;
use crate::config::Config;
use crate::{GitError, Repository, Sources, Workspace};

/// One submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its name.
    pub name: String,
    /// Where it sits in the work tree.
    pub path: String,
    /// Its URL as written.
    pub url: String,
}

impl Repository {
    /// Submodules of the work tree (or of HEAD in a bare repository).
    pub fn submodules(&self) -> Result<Vec<Submodule>, GitError> {
        let text = if self.is_bare() {
            self.git().args(["cat-file", "blob", "HEAD:.gitmodules"]).answer()?.stdout
        } else {
            std::fs::read(self.top_level().join(".gitmodules")).unwrap_or_default()
        };
        Ok(parse(&String::from_utf8_lossy(&text)))
    }
}

/// The submodules a `.gitmodules` text names; those whose path would leave the work tree are left out.
pub(crate) fn parse(text: &str) -> Vec<Submodule> {
    let config = Config::parse(text);
    let names = config.subsections("submodule", "path").into_iter();
    let found = names.filter_map(|name| {
        let path = config.get(&format!("submodule.{name}.path"))?.to_owned();
        let url = config.get(&format!("submodule.{name}.url"))?.to_owned();
        let inside = |text: &str| !text.starts_with(['/', '-']) && text.split('/').all(|part| part != "..");
        (inside(&path) && inside(&name) && !url.starts_with('-')).then_some(Submodule { name, path, url })
    });
    found.collect()
}

/// `git submodule update --init` in a job's workspace.
pub(crate) struct Update<'a> {
    pub(crate) workspace: &'a dyn Workspace,
    pub(crate) sources: &'a Sources,
    /// Depth of clones over the network; 0 is everything.
    pub(crate) depth: u32,
    pub(crate) recursive: bool,
}

impl Update<'_> {
    /// Fills the submodules of the checkout at `relative`. What the user has cloned already (`modules`, the directory
    /// `.git/modules` of the user's repository) or named as a source is taken from there, the rest from its URL.
    pub(crate) fn run(&self, relative: &Path, modules: Option<&Path>, log: &mut Vec<String>) -> Result<(), GitError> {
        let listed_in = relative.join(".gitmodules");
        let file = self.workspace.host_path(&listed_in).map_err(GitError::io("cannot find", &listed_in))?;
        // git takes no link for it either.
        let text = match file.symlink_metadata() {
            Ok(meta) if meta.is_file() => std::fs::read(&file).unwrap_or_default(),
            _ => Vec::new(),
        };
        let listed = run(self.workspace, relative, &["ls-files", "--stage", "-z"], &[])?;
        let links: Vec<&[u8]> = listed.split(|byte| *byte == 0).filter(|line| line.starts_with(b"160000 ")).collect();
        for module in parse(&String::from_utf8_lossy(&text)) {
            let ends = format!("\t{}", module.path);
            if !links.iter().any(|line| line.ends_with(ends.as_bytes())) {
                continue;
            }
            let own = modules.map(|dir| dir.join(&module.name)).filter(|dir| dir.join("HEAD").exists());
            let local = own.clone().or_else(|| self.sources.local_for_url(&module.url));
            self.one(relative, &module, local.as_deref(), log)?;
            if self.recursive {
                let nested = own.map(|dir| dir.join("modules"));
                self.run(&relative.join(&module.path), nested.as_deref(), log)?;
            }
        }
        Ok(())
    }

    fn one(
        &self,
        relative: &Path,
        module: &Submodule,
        local: Option<&Path>,
        log: &mut Vec<String>,
    ) -> Result<(), GitError> {
        let is_file = module.url.starts_with(['/', '.']) || module.url.starts_with("file://");
        if local.is_none() && self.sources.offline && !is_file {
            let what = format!("submodule `{}` at {}", module.name, module.path);
            let looked = vec![
                "the user's .git/modules".to_owned(),
                "--action-source directories".to_owned(),
                format!("not {}: offline", module.url),
            ];
            let help =
                "Run `git submodule update --init` in the repository once, or name a mirror with --action-source"
                    .to_owned();
            return Err(GitError::NotFound { what, looked, help });
        }
        let https = format!("url.{}/.insteadOf", self.sources.server_url.trim_end_matches('/'));
        let mut pairs = vec![(https, OsString::from("git@github.com:"))];
        if let Some(token) = self.sources.token.as_ref().filter(|_| local.is_none()) {
            pairs.push((
                format!("http.{}/.extraheader", self.sources.server_url.trim_end_matches('/')),
                token.header().into(),
            ));
        }
        if let Some(local) = local {
            pairs.push((format!("submodule.{}.url", module.name), local.as_os_str().to_owned()));
            pairs.push(("safe.directory".to_owned(), "*".into()));
        }
        let mut env = vec![("GIT_ALLOW_PROTOCOL".to_owned(), OsString::from("file:https:http:ssh:git"))];
        env.push(("GIT_CONFIG_COUNT".to_owned(), pairs.len().to_string().into()));
        for (number, (key, value)) in pairs.into_iter().enumerate() {
            env.push((format!("GIT_CONFIG_KEY_{number}"), key.into()));
            env.push((format!("GIT_CONFIG_VALUE_{number}"), value));
        }
        let env: Vec<(&str, OsString)> = env.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let depth = format!("--depth={}", self.depth);
        let mut args = vec!["submodule", "update", "--init", "--force"];
        if self.depth > 0 && local.is_none() {
            args.push(&depth);
        }
        args.extend(["--", module.path.as_str()]);
        if local.is_some() {
            // Notes the real URL; without one `sync` below would pass the submodule by.
            run(self.workspace, relative, &["submodule", "--quiet", "init", "--", &module.path], &[])?;
        }
        run(self.workspace, relative, &args, &env)?;
        if local.is_some() {
            // Steps see the real URL.
            run(self.workspace, relative, &["submodule", "sync", "--quiet", "--", &module.path], &[])?;
        }
        let from = local.map_or_else(|| module.url.clone(), |dir| dir.display().to_string());
        log.push(format!("Submodule {} from {from}", module.path));
        Ok(())
    }
}
