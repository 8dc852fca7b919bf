//! Instructions that change the configuration, and the way of the others to their own files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dockerfile::{CommandLine, Healthcheck, Instruction, InstructionKind, Pair, Variables, Word};
use image::Healthcheck as Health;
use serde_json::json;

use super::{StageState, Translator};
use crate::Error;
use crate::graph::Op;
use crate::view::clean;

impl Translator<'_> {
    pub(super) async fn instruction(&mut self, state: &mut StageState, instruction: &Instruction) -> Result<(), Error> {
        use InstructionKind as Kind;
        match &instruction.kind {
            Kind::Add(add) => self.add_files(state, instruction, add).await?,
            Kind::Copy(copy) => self.copy(state, instruction, copy).await?,
            Kind::Run(run) => self.run_step(state, instruction, run).await?,
            Kind::Workdir(path) => self.workdir(state, instruction, path)?,
            Kind::Arg(definitions) => {
                let mut said = String::from("ARG");
                for definition in definitions {
                    let name = definition.name.text.as_str();
                    let value = match (self.build.args.get(name), &definition.default) {
                        (Some(given), _) => Some(given.clone()),
                        (None, Some(default)) => Some(self.word(state, default)?),
                        (None, None) => self.plan.globals.get(name).cloned(),
                    };
                    said += &match &value {
                        Some(value) => format!(" {name}={value}"),
                        None => format!(" {name}"),
                    };
                    if let Some(value) = &value {
                        state.env.set(name, value);
                    }
                    state.args.push((name.to_owned(), value));
                }
                state.commit(said, false);
            }
            Kind::Env(pairs) => {
                let mut said = String::from("ENV");
                for (name, value) in self.pairs(state, pairs)? {
                    said += &format!(" {name}={value}");
                    state.env.set(&name, &value);
                    set_pair(&mut state.config.config.env, &name, &value);
                }
                state.commit(said, false);
            }
            Kind::Label(pairs) => {
                let mut said = String::from("LABEL");
                for (name, value) in self.pairs(state, pairs)? {
                    said += &format!(" {name}={value}");
                    state.config.config.labels.insert(name, value);
                }
                state.commit(said, false);
            }
            Kind::Cmd(command) => {
                let arguments = command.arguments(&state.shell());
                state.commit(format!("CMD {}", quoted(&arguments)), false);
                state.config.config.cmd = Some(arguments);
                state.config.config.args_escaped = Some(true);
                state.has_cmd = true;
            }
            Kind::Entrypoint(command) => {
                let arguments = command.arguments(&state.shell());
                state.commit(format!("ENTRYPOINT {}", quoted(&arguments)), false);
                state.config.config.entrypoint = Some(arguments);
                if !state.has_cmd {
                    state.config.config.cmd = None;
                }
            }
            Kind::Expose(words) => {
                let mut resolved = Vec::new();
                for word in words {
                    resolved.push(Word::new(self.word(state, word)?, word.span));
                }
                let ports = dockerfile::expose::ports(&resolved).map_err(|problems| self.problems(&problems))?.ports;
                let listed = ports.iter().map(|port| format!("{port}:{{}}")).collect::<Vec<_>>().join(" ");
                state.commit(format!("EXPOSE map[{listed}]"), false);
                state.config.config.exposed_ports.extend(ports.into_iter().map(|port| (port, json!({}))));
            }
            Kind::Healthcheck(health) => {
                let health = healthcheck(health);
                state.commit(format!("HEALTHCHECK {{Test:[{}]}}", health.test.join(" ")), false);
                state.config.config.healthcheck = Some(health);
            }
            Kind::Maintainer(name) => {
                state.config.author = Some(name.text.clone());
                state.commit(format!("MAINTAINER {}", name.text), false);
            }
            Kind::Onbuild(onbuild) => state.config.config.on_build.push(onbuild.trigger.clone()),
            Kind::Shell(words) => {
                let shell: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
                state.commit(format!("SHELL [{}]", shell.join(" ")), false);
                state.config.config.shell = Some(shell);
            }
            Kind::StopSignal(word) => {
                let signal = self.word(state, word)?;
                let checked = dockerfile::signal::check(&Word::new(signal.as_str(), word.span));
                checked.map_err(|problem| self.problem(problem))?;
                state.commit(format!("STOPSIGNAL {signal}"), false);
                state.config.config.stop_signal = Some(signal);
            }
            Kind::User(word) => {
                let user = self.word(state, word)?;
                state.commit(format!("USER {user}"), false);
                state.config.config.user = user;
            }
            Kind::Volume(words) => {
                let mut volumes = Vec::new();
                for word in words {
                    let volume = self.word(state, word)?;
                    if volume.is_empty() {
                        return Err(self.at(word.span, "a volume's path cannot be empty".to_owned()));
                    }
                    volumes.push(volume);
                }
                state.commit(format!("VOLUME [{}]", volumes.join(" ")), false);
                state.config.config.volumes.extend(volumes.into_iter().map(|volume| (volume, json!({}))));
            }
        }
        Ok(())
    }

    fn workdir(&mut self, state: &mut StageState, instruction: &Instruction, word: &Word) -> Result<(), Error> {
        let written = self.word(state, word)?;
        if written.is_empty() {
            return Err(self.at(word.span, "a working directory cannot be empty".to_owned()));
        }
        let path = absolute(&state.cwd(), &written);
        state.config.config.working_dir = path.to_string_lossy().into_owned();
        let makes = path != Path::new("/");
        if makes {
            let op = Op::Workdir { path: path.clone(), user: state.config.config.user.clone() };
            let shown = dockerfile::expand_for_display(&instruction.source, self.file.escape, &state.env);
            state.head = Some(self.add(state, instruction.span, &shown, op));
        } else {
            state.number += 1;
        }
        state.commit(format!("WORKDIR {}", path.display()), makes);
        Ok(())
    }

    /// A word with variables put in and quotes taken off.
    pub(super) fn word(&self, state: &StageState, word: &Word) -> Result<String, Error> {
        let variables: &dyn Variables = &state.env;
        match word.expand(self.file.escape, variables) {
            Ok(expansion) => Ok(expansion.text),
            Err(problem) => Err(self.problem(problem)),
        }
    }

    /// All see the variables as they were before the instruction.
    fn pairs(&self, state: &StageState, pairs: &[Pair]) -> Result<Vec<(String, String)>, Error> {
        let each = pairs.iter().map(|pair| Ok((self.word(state, &pair.name)?, self.word(state, &pair.value)?)));
        each.collect()
    }
}

/// A path from the root, clean.
pub(super) fn absolute(cwd: &Path, written: &str) -> PathBuf {
    Path::new("/").join(clean(&cwd.join(written)))
}

fn set_pair(pairs: &mut Vec<String>, name: &str, value: &str) {
    let pair = format!("{name}={value}");
    let own = pairs.iter_mut().find(|own| own.split('=').next() == Some(name));
    match own {
        Some(own) => *own = pair,
        None => pairs.push(pair),
    }
}

/// As Go prints a list of quoted words.
fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", words.join(" "))
}

fn healthcheck(health: &Healthcheck) -> Health {
    let Healthcheck::Command(probe) = health else {
        return Health { test: vec!["NONE".to_owned()], ..Health::default() };
    };
    let test = match &probe.command {
        CommandLine::Shell(line) => vec!["CMD-SHELL".to_owned(), line.text.clone()],
        CommandLine::Exec(words) => {
            std::iter::once("CMD".to_owned()).chain(words.iter().map(|word| word.text.clone())).collect()
        }
    };
    let nanoseconds =
        |time: Option<Duration>| time.and_then(|time| i64::try_from(time.as_nanos()).ok()).unwrap_or_default();
    Health {
        test,
        interval: nanoseconds(probe.interval),
        timeout: nanoseconds(probe.timeout),
        start_period: nanoseconds(probe.start_period),
        start_interval: nanoseconds(probe.start_interval),
        retries: probe.retries.unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_absolute() {
        for (cwd, written, expected) in [
            ("/", "app", "/app"),
            ("/app", "../x", "/x"),
            ("/app", "/y/./z/", "/y/z"),
            ("/a", ".", "/a"),
            ("/", "..", "/"),
        ] {
            assert_eq!(absolute(Path::new(cwd), written), Path::new(expected));
        }
    }
}
