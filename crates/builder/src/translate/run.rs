//! `RUN`.

use std::path::{Path, PathBuf};

use dockerfile::{Instruction, Mount, MountKind, Run, Script, Security};

use super::config::absolute;
use super::{StageState, Translator};
use crate::Error;
use crate::graph::{Op, RunMount, RunOp, Tree};

/// Build arguments that need no `ARG`, do not change what is cached, and are not told.
const PROXY: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

impl Translator<'_> {
    pub(super) async fn run_step(
        &mut self,
        state: &mut StageState,
        instruction: &Instruction,
        run: &Run,
    ) -> Result<(), Error> {
        if !run.devices.is_empty() {
            let message = "RUN --device names a device by CDI, which is not supported here; a device of this machine can be had in \
                           a container job or by docker run, with --device PATH";
            return Err(self.at(instruction.span, message.to_owned()));
        }
        if run.security == Security::Insecure && !self.build.allow.security_insecure {
            let message = "it asks for all privileges; give them with --allow security.insecure";
            return Err(self.at(instruction.span, message.to_owned()));
        }
        if run.network == dockerfile::Network::Host && !self.build.allow.network_host {
            let message = "it asks for the host's network; give it with --allow network.host";
            return Err(self.at(instruction.span, message.to_owned()));
        }
        let (argv, script) = match run.script() {
            Script::Exec(argv) => (argv, None),
            Script::Shell(line) => (state.shell().into_iter().chain([line]).collect(), None),
            Script::File { name, content } => (vec![format!("/dev/pipes/{name}")], Some((name, content))),
        };
        if argv.first().is_none_or(String::is_empty) {
            return Err(self.at(instruction.span, "there is nothing to run".to_owned()));
        }
        let mut mounts = Vec::new();
        for flag in &run.mounts {
            let mut expander = dockerfile::Expander::new(self.file.escape, &state.env);
            let mount = flag.resolve(&mut expander).map_err(|problems| self.problems(&problems))?;
            mounts.push(self.mount(state, mount).await?);
        }
        let said = history(&argv, state);
        // Programs look at one spelling or the other: what is given in one is there in both.
        let given = |name: &&str| {
            let other = if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                name.to_ascii_lowercase()
            } else {
                name.to_ascii_uppercase()
            };
            let value = self.build.args.get(*name).or_else(|| self.build.args.get(&other))?;
            Some(((*name).to_owned(), value.clone()))
        };
        let proxy_env = PROXY.iter().filter_map(given).filter(|(name, _)| state.env.get(name).is_none()).collect();
        let op = RunOp {
            argv,
            script,
            env: state.env.clone().into_inner(),
            proxy_env,
            cwd: state.cwd(),
            user: state.config.config.user.clone(),
            mounts,
            network: run.network,
            insecure: run.security == Security::Insecure,
        };
        let shown = dockerfile::expand_for_display(&instruction.source, self.file.escape, &state.env);
        state.head = Some(self.add(state, instruction.span, &shown, Op::Run(op)));
        state.commit(said, true);
        Ok(())
    }

    async fn mount(&mut self, state: &StageState, mount: Mount) -> Result<RunMount, Error> {
        let cwd = state.cwd();
        let at = |written: &str| -> Result<PathBuf, Error> {
            let target = absolute(&cwd, written);
            if target == Path::new("/") {
                return Err(self.at(mount.span, "nothing can be mounted over the root".to_owned()));
            }
            Ok(target)
        };
        let (target, from) = match &mount.kind {
            MountKind::Bind { target, from, .. } => (Some(at(target)?), Some(from.clone())),
            MountKind::Cache { target, from, .. } => (Some(at(target)?), from.clone().map(Some)),
            MountKind::Tmpfs { target, .. } => (Some(at(target)?), None),
            MountKind::Secret { target, .. } | MountKind::Ssh { target, .. } => {
                (target.as_deref().map(&at).transpose()?, None)
            }
        };
        let tree = match from {
            None => None,
            Some(None) => Some(Tree::Context(self.context.clone())),
            Some(Some(name)) => Some(self.tree(&name, &state.platform, mount.span).await?),
        };
        Ok(RunMount { kind: mount.kind, target, tree })
    }
}

/// What the image's history says: build arguments in scope, then the command.
fn history(argv: &[String], state: &StageState) -> String {
    let mut args: Vec<(String, String)> = Vec::new();
    for (name, value) in &state.args {
        let value = state.env.get(name).map(str::to_owned).or_else(|| value.clone()).unwrap_or_default();
        match args.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = value,
            None => args.push((name.clone(), value)),
        }
    }
    let mut words = Vec::new();
    if !args.is_empty() {
        words.push(format!("|{}", args.len()));
        words.extend(args.iter().map(|(name, value)| format!("{name}={value}")));
    }
    words.extend(argv.iter().cloned());
    format!("RUN {} # buildkit", words.join(" "))
}
