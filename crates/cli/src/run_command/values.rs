//! Secrets, variables and environment of a run, from the command line, files and `trunkline.toml`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::Command;

use expr::{Object, Value};

use crate::args::ValueArgs;
use crate::config::{Config, SecretSource};
use crate::failure::Failure;

/// What jobs get beside the event.
pub(crate) struct Values {
    pub(crate) secrets: Object,
    pub(crate) vars: Object,
    /// Below everything that the workflow sets.
    pub(crate) env: Vec<(String, String)>,
}

impl Values {
    /// Later sources win: `trunkline.toml`, then files, then the command line.
    pub(crate) fn collect(args: &ValueArgs, config: &Config, top: &Path) -> Result<Self, Failure> {
        let mut secrets = Object::new();
        for (name, source) in &config.secrets {
            secrets.insert(name.as_str(), Value::string(read_secret(name, source, top)?));
        }
        for file in &args.secret_file {
            for (name, value) in pairs_of(file)? {
                secrets.insert(name, Value::string(value));
            }
        }
        for text in &args.secret {
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (checked(name, "--secret")?, value.to_owned()),
                None => {
                    let name = checked(text, "--secret")?;
                    let value = given_or_asked(&name)?;
                    (name, value)
                }
            };
            secrets.insert(name, Value::string(value));
        }
        let vars = variables(args, config)?;
        let mut env: Vec<(String, String)> =
            config.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        env.extend(split_all(&args.env, "--env")?);
        Ok(Self { secrets, vars, env })
    }
}

/// The `vars` context: `trunkline.toml`, then files, then the command line.
pub(crate) fn variables(args: &ValueArgs, config: &Config) -> Result<Object, Failure> {
    let mut vars: Object =
        config.vars.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str()))).collect();
    for file in &args.var_file {
        vars.extend(pairs_of(file)?.into_iter().map(|(name, value)| (name, Value::string(value))));
    }
    for (name, value) in split_all(&args.var, "--var")? {
        vars.insert(name, Value::string(value));
    }
    Ok(vars)
}

/// `NAME=VALUE` arguments.
pub(crate) fn split_all(pairs: &[String], flag: &str) -> Result<Vec<(String, String)>, Failure> {
    pairs
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((checked(name, flag)?, value.to_owned())),
            None => Err(Failure::usage(format!("{flag} takes NAME=VALUE, not `{pair}`"))),
        })
        .collect()
}

fn checked(name: &str, flag: &str) -> Result<String, Failure> {
    let fine =
        name.chars().enumerate().all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
    if fine && !name.is_empty() {
        Ok(name.to_owned())
    } else {
        // Only the name is shown: a value may be a secret.
        Err(Failure::usage(format!(
            "{flag}: `{name}` is no name; names have letters, digits and _, and begin with no digit"
        )))
    }
}

/// A secret named without a value.
fn given_or_asked(name: &str) -> Result<String, Failure> {
    if let Ok(value) = std::env::var(name) {
        return Ok(value);
    }
    if !std::io::stdin().is_terminal() {
        let hint = format!("write --secret {name}=VALUE, set {name} in the environment, or use --secret-file");
        return Err(Failure::missing(format!("the secret {name} has no value")).hint(hint));
    }
    let _ = write!(std::io::stderr(), "Value of the secret {name}: ");
    let _ = std::io::stderr().flush();
    let _quiet = HiddenInput::start();
    let mut value = String::new();
    std::io::stdin().lock().read_line(&mut value).map_err(|error| Failure::broken(error.to_string()))?;
    let _ = writeln!(std::io::stderr());
    Ok(value.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal does not show what is typed until this is dropped.
pub(crate) struct HiddenInput(Option<rustix::termios::Termios>);

impl HiddenInput {
    pub(crate) fn start() -> Self {
        let before = rustix::termios::tcgetattr(std::io::stdin()).ok();
        if let Some(before) = &before {
            let mut hidden = before.clone();
            hidden.local_modes.remove(rustix::termios::LocalModes::ECHO);
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &hidden);
        }
        Self(before)
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, before);
        }
    }
}

/// A file of `NAME=VALUE` lines: blank lines and `#` comments are skipped, `export` and quotes around a value removed,
/// `NAME<<END` begins a value of several lines.
fn pairs_of(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Failure::missing(format!("{shown}: {error}")))?;
    let mut pairs = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim_start().strip_prefix("export ").unwrap_or(line.trim_start());
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| Failure::invalid(format!("{shown}:{}:1: {what}", index + 1));
        let equals = line.find('=').unwrap_or(usize::MAX);
        match line.find("<<").filter(|at| *at < equals) {
            Some(at) => {
                let (name, end) = (line[..at].trim(), line[at + 2..].trim());
                let mut value = Vec::new();
                loop {
                    match lines.next() {
                        Some((_, line)) if line == end => break,
                        Some((_, line)) => value.push(line),
                        None => return Err(wrong("the value that begins here has no end")),
                    }
                }
                pairs.push((name.to_owned(), value.join("\n")));
            }
            None => {
                let (name, value) = line.split_once('=').ok_or_else(|| wrong("expected NAME=VALUE"))?;
                let value = value.trim();
                let unquoted = ['"', '\'']
                    .iter()
                    .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
                    .unwrap_or(value);
                pairs.push((name.trim().to_owned(), unquoted.to_owned()));
            }
        }
    }
    Ok(pairs)
}

/// A secret of `trunkline.toml`. Errors name the secret and its source, never a value.
pub(crate) fn read_secret(name: &str, source: &SecretSource, top: &Path) -> Result<String, Failure> {
    match source {
        SecretSource::Env(variable) => std::env::var(variable).map_err(|_| {
            Failure::missing(format!("the secret {name}: the variable {variable} is not set"))
                .hint("set it, or give the secret with --secret")
        }),
        SecretSource::File(path) => {
            let path = top.join(path);
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Failure::missing(format!("the secret {name}: {}: {error}", path.display())))?;
            Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
        }
        SecretSource::Command(command) => {
            let output = Command::new("sh")
                .arg("-c")
                .arg(command)
                .current_dir(top)
                .stderr(std::process::Stdio::inherit())
                .output();
            let output =
                output.map_err(|error| Failure::missing(format!("the secret {name}: `{command}`: {error}")))?;
            if !output.status.success() {
                return Err(Failure::missing(format!("the secret {name}: `{command}` failed ({})", output.status)));
            }
            Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\r', '\n']).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pairs_of;

    #[test]
    fn files_of_pairs() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets");
        std::fs::write(&file, "# note\nA=1\nexport B=\"two words\"\nC=x=y\n\nD<<END\none\ntwo\nEND\nE='q'\n").unwrap();
        let expected = [("A", "1"), ("B", "two words"), ("C", "x=y"), ("D", "one\ntwo"), ("E", "q")];
        let pairs = pairs_of(&file).unwrap();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, expected);
        for (text, message) in
            [("A=1\nB<<END\nx", ":2:1: the value that begins here has no end"), ("x", ":1:1: expected NAME=VALUE")]
        {
            std::fs::write(&file, text).unwrap();
            assert!(pairs_of(&file).unwrap_err().to_string().contains(message));
        }
    }
}
