//! Carrying out the commands of one step.

use super::{Command, NAMES, issue, parse};
use crate::Masker;
use crate::command_file::blocked_variable;
use crate::matcher::{Config, Matchers};
use crate::paths::Paths;
use crate::regular_file::read_at;
use crate::result::{Annotation, AnnotationLevel, StepState};

/// Bytes of values that one step may set through commands; more is an error.
const MAX_VALUES_SIZE: usize = 16 * 1024 * 1024;

/// Bytes a problem matcher file may have.
const MAX_MATCHER_FILE_SIZE: u64 = 1024 * 1024;

/// What commands may do in a step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Step debugging is on: debug messages are shown and commands are echoed from the start.
    pub debug: bool,
    /// `ACTIONS_ALLOW_UNSECURE_COMMANDS` is true: `set-env` and `add-path` work.
    pub allow_unsecure_commands: bool,
    /// `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` is true: any token stops commands.
    pub allow_unsecure_stop_tokens: bool,
}

/// Carries out the commands one step prints, on both of its streams. Another step starts anew.
pub struct Processor {
    options: Options,
    masker: Masker,
    matchers: Matchers,
    paths: Paths,
    echo: bool,
    stop_token: Option<String>,
    values_size: usize,
    warned: Vec<&'static str>,
}

/// Whether a line was a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handled {
    /// It was: it does not appear as it is.
    Command,
    /// It was not: problem matchers may look at it, and it is shown.
    Text,
}

impl Processor {
    /// For a new step.
    #[must_use]
    pub fn new(options: Options, masker: Masker, matchers: Matchers, paths: Paths) -> Self {
        let echo = options.debug;
        Self { options, masker, matchers, paths, echo, stop_token: None, values_size: 0, warned: Vec::new() }
    }

    /// Secrets of the job.
    pub(crate) fn masker(&self) -> &Masker {
        &self.masker
    }

    /// Problem matchers of the job.
    pub(crate) fn matchers(&self) -> &Matchers {
        &self.matchers
    }

    /// Where the step's paths lie.
    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Takes one line without its end. Lines for the log, not masked yet, are appended to `log`.
    pub(crate) fn process(&mut self, line: &str, state: &mut StepState, log: &mut Vec<String>) -> Handled {
        let Some(command) = parse(line, self.stop_token.as_deref()) else {
            return Handled::Text;
        };
        if let Some(token) = &self.stop_token {
            if !command.name.eq_ignore_ascii_case(token) {
                return Handled::Text;
            }
            self.stop_token = None;
            log.push(line.to_owned());
            self.debug("Commands are processed again", log);
            return Handled::Command;
        }
        let shown_by_itself = matches!(&*command.name, "add-mask" | "debug" | "notice" | "warning" | "error");
        if self.echo && !shown_by_itself && command.name != "stop-commands" {
            log.push(line.to_owned());
        }
        if let Err(reason) = self.run(line, &command, state, log) {
            let shown = if shown_by_itself { &*command.name } else { line };
            self.error(format!("Unable to process command '{shown}' successfully."), state, log);
            self.error(reason, state, log);
            state.command_failed = true;
        }
        Handled::Command
    }

    /// A command too long to be read: it fails the step.
    pub(crate) fn refuse_overlong(&mut self, limit: usize, state: &mut StepState, log: &mut Vec<String>) {
        self.error(
            format!("A workflow command is longer than {limit} bytes; it is ignored and not shown."),
            state,
            log,
        );
        state.command_failed = true;
    }

    /// Whether commands are being ignored.
    pub(crate) fn stopped(&self) -> bool {
        self.stop_token.is_some()
    }

    /// The token that ends that.
    pub(crate) fn stop_token(&self) -> Option<&str> {
        self.stop_token.as_deref()
    }

    fn run(
        &mut self,
        line: &str,
        command: &Command,
        state: &mut StepState,
        log: &mut Vec<String>,
    ) -> Result<(), String> {
        let data = &command.data;
        match &*command.name {
            "add-mask" => {
                if self.echo && !data.trim().is_empty() {
                    log.push("::add-mask::***".to_owned());
                }
                if !self.masker.add(data) {
                    self.warn("Can't add a secret mask for an empty text.", state, log);
                }
            }
            "notice" => self.issue(AnnotationLevel::Notice, command, state, log),
            "warning" => self.issue(AnnotationLevel::Warning, command, state, log),
            "error" => self.issue(AnnotationLevel::Error, command, state, log),
            "debug" => self.debug(data, log),
            "group" => log.push(format!("##[group]{data}")),
            "endgroup" => log.push("##[endgroup]".to_owned()),
            "echo" => self.set_echo(data, log)?,
            "stop-commands" => self.stop(line, data, log)?,
            "set-output" => {
                self.deprecated("set-output", "GITHUB_OUTPUT", state, log);
                let name = self.named_value(command)?;
                state.outputs.insert(name, data.clone());
            }
            "save-state" => {
                self.deprecated("save-state", "GITHUB_STATE", state, log);
                let name = self.named_value(command)?;
                state.saved_state.insert(name, data.clone());
            }
            "set-env" => {
                self.allowed("set-env", "GITHUB_ENV")?;
                let name = self.named_value(command)?;
                if let Some(blocked) = blocked_variable(&name) {
                    self.error(format!("{blocked} cannot be set through the set-env command"), state, log);
                } else {
                    state.env.insert(name, data.clone());
                }
            }
            "add-path" => {
                self.allowed("add-path", "GITHUB_PATH")?;
                if data.is_empty() {
                    return Err("The add-path command needs a path.".to_owned());
                }
                self.count(data.len())?;
                state.add_path(data.clone());
            }
            "add-matcher" => self.add_matcher(data, state, log)?,
            "remove-matcher" => self.remove_matcher(command, state, log)?,
            _ => return Err(format!("The command '{}' is not known.", command.name)),
        }
        Ok(())
    }

    fn issue(&self, level: AnnotationLevel, command: &Command, state: &mut StepState, log: &mut Vec<String>) {
        let (annotation, complaints) = issue::annotation(level, command, &self.paths);
        for complaint in complaints {
            self.debug(&format!("{}: {complaint}", command.name), log);
        }
        if !annotation.message.is_empty() {
            log.push(format!("##[{}]{}", level.as_str(), annotation.message));
        }
        state.annotate(annotation.masked(&self.masker));
    }

    fn set_echo(&mut self, data: &str, log: &mut Vec<String>) -> Result<(), String> {
        self.echo = match data.trim().to_ascii_uppercase().as_str() {
            "ON" => true,
            "OFF" => false,
            _ => {
                return Err(format!("The echo command takes 'on' or 'off', not '{data}'."));
            }
        };
        self.debug(&format!("Commands are {} echoed", if self.echo { "now" } else { "no longer" }), log);
        Ok(())
    }

    fn stop(&mut self, line: &str, token: &str, log: &mut Vec<String>) -> Result<(), String> {
        let taken = NAMES.iter().chain(&["pause-logging"]).any(|name| name.eq_ignore_ascii_case(token));
        if (taken || token.is_empty()) && !self.options.allow_unsecure_stop_tokens {
            return Err("The token of stop-commands must not be empty, 'pause-logging' or the name of a command; \
                        set ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS to true to allow that."
                .to_owned());
        }
        self.stop_token = Some(token.to_owned());
        if token.encode_utf16().count() > 6 {
            self.masker.add(token);
        }
        log.push(line.to_owned());
        self.debug("Commands are ignored until the token comes", log);
        Ok(())
    }

    fn allowed(&self, command: &str, file: &str) -> Result<(), String> {
        if self.options.allow_unsecure_commands {
            return Ok(());
        }
        Err(format!(
            "The `{command}` command is disabled. Write to the file that ${file} names, or set \
             ACTIONS_ALLOW_UNSECURE_COMMANDS to true."
        ))
    }

    fn deprecated(&mut self, command: &'static str, file: &str, state: &mut StepState, log: &mut Vec<String>) {
        if !self.warned.contains(&command) {
            self.warned.push(command);
            let text = format!("The `{command}` command is deprecated: write to the file that ${file} names instead.");
            self.warn(&text, state, log);
        }
    }

    fn named_value(&mut self, command: &Command) -> Result<String, String> {
        let name = command.property("name").unwrap_or_default();
        if name.is_empty() {
            return Err(format!("The {} command needs the property 'name'.", command.name));
        }
        self.count(name.len() + command.data.len())?;
        Ok(name.to_owned())
    }

    fn count(&mut self, size: usize) -> Result<(), String> {
        if self.values_size.saturating_add(size) > MAX_VALUES_SIZE {
            return Err(format!("Commands of this step set values of more than {MAX_VALUES_SIZE} bytes."));
        }
        self.values_size += size;
        Ok(())
    }

    fn add_matcher(&self, file: &str, state: &mut StepState, log: &mut Vec<String>) -> Result<(), String> {
        if file.is_empty() {
            self.warn("The add-matcher command needs the path of a file.", state, log);
            return Ok(());
        }
        for config in self.matcher_file(file)? {
            self.matchers.add(config);
        }
        Ok(())
    }

    fn remove_matcher(&self, command: &Command, state: &mut StepState, log: &mut Vec<String>) -> Result<(), String> {
        let owner = command.property("owner").unwrap_or_default();
        match (owner.is_empty(), command.data.is_empty()) {
            (true, true) | (false, false) => {
                self.warn("The remove-matcher command needs either an owner or the path of a file.", state, log);
            }
            (false, true) => self.matchers.remove(owner),
            (true, false) => {
                for config in self.matcher_file(&command.data)? {
                    self.matchers.remove(config.owner());
                }
            }
        }
        Ok(())
    }

    fn matcher_file(&self, file: &str) -> Result<Vec<Config>, String> {
        let path = self.paths.absolute(file);
        let bytes = read_at(&self.paths.real(&path), MAX_MATCHER_FILE_SIZE)
            .map_err(|reason| format!("Problem matchers in '{}': {reason}", path.display()))?;
        Config::parse(&bytes).map_err(|reason| format!("Problem matchers in '{}': {reason}", path.display()))
    }

    pub(crate) fn debug(&self, message: &str, log: &mut Vec<String>) {
        if self.options.debug {
            log.extend(message.lines().map(|line| format!("##[debug]{line}")));
        }
    }

    pub(crate) fn warn(&self, message: &str, state: &mut StepState, log: &mut Vec<String>) {
        log.push(format!("##[warning]{message}"));
        state.annotate(Annotation::new(AnnotationLevel::Warning, message).masked(&self.masker));
    }

    fn error(&self, message: String, state: &mut StepState, log: &mut Vec<String>) {
        log.push(format!("##[error]{message}"));
        state.annotate(Annotation::new(AnnotationLevel::Error, message).masked(&self.masker));
    }
}

#[cfg(test)]
#[path = "processor_tests.rs"]
mod tests;
