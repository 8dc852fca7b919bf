//! `--change`: instructions of Dockerfiles that only touch the configuration.

use std::time::Duration;

use dockerfile::{CommandLine, Healthcheck, InstructionKind, NoVariables, Word, expose, parse_trigger};
use image::ContainerConfig;
use serde_json::json;
use span::{Diagnostic, SourceMap};

const ESCAPE: char = '\\';

/// Applies one instruction.
///
/// # Errors
///
/// Why it cannot be applied, as one line.
pub(super) fn apply(config: &mut ContainerConfig, text: &str) -> Result<(), String> {
    if let Some((keyword, trigger)) = text.trim().split_once(char::is_whitespace)
        && keyword.eq_ignore_ascii_case("ONBUILD")
    {
        // What would not run later is refused now.
        let file = SourceMap::new().add("--change", trigger);
        parse_trigger(file, trigger).map_err(first)?;
        config.on_build.push(trigger.trim_start().to_owned());
        return Ok(());
    }
    let mut sources = SourceMap::new();
    let file = sources.add("--change", text);
    let instruction = parse_trigger(file, text).map_err(first)?;
    let value = |word: &Word| -> Result<String, String> {
        Ok(word.expand(ESCAPE, &NoVariables).map_err(|problem| problem.message)?.text)
    };
    let values = |words: &[Word]| words.iter().map(value).collect::<Result<Vec<_>, _>>();
    let shell = config.shell.clone().unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned()]);
    let arguments = |line: &CommandLine| line.arguments(&shell);
    match &instruction.kind {
        InstructionKind::Cmd(line) => config.cmd = Some(arguments(line)),
        InstructionKind::Entrypoint(line) => config.entrypoint = Some(arguments(line)),
        InstructionKind::Env(pairs) => {
            for pair in pairs {
                let (name, value) = (value(&pair.name)?, value(&pair.value)?);
                let known = config.env.iter_mut().find(|known| known.split('=').next() == Some(&name));
                match known {
                    Some(known) => *known = format!("{name}={value}"),
                    None => config.env.push(format!("{name}={value}")),
                }
            }
        }
        InstructionKind::Label(pairs) => {
            for pair in pairs {
                config.labels.insert(value(&pair.name)?, value(&pair.value)?);
            }
        }
        InstructionKind::Expose(words) => {
            let ports = expose::ports(words).map_err(first)?.ports;
            config.exposed_ports.extend(ports.into_iter().map(|port| (port, json!({}))));
        }
        InstructionKind::Volume(words) => {
            config.volumes.extend(values(words)?.into_iter().map(|path| (path, json!({}))));
        }
        InstructionKind::Shell(words) => config.shell = Some(words.iter().map(|word| word.text.clone()).collect()),
        InstructionKind::StopSignal(word) => config.stop_signal = Some(value(word)?),
        InstructionKind::User(word) => config.user = value(word)?,
        InstructionKind::Workdir(word) => {
            let path = value(word)?;
            config.working_dir = std::path::Path::new("/").join(&config.working_dir).join(path).display().to_string();
        }
        InstructionKind::Healthcheck(check) => config.healthcheck = Some(healthcheck(check)),
        other => return Err(format!("{} does not only change the configuration", other.name())),
    }
    Ok(())
}

fn first(problems: Vec<Diagnostic>) -> String {
    problems.first().map_or("it is no instruction".to_owned(), |problem| problem.message.clone())
}

fn healthcheck(check: &Healthcheck) -> image::Healthcheck {
    let Healthcheck::Command(probe) = check else {
        return image::Healthcheck { test: vec!["NONE".to_owned()], ..image::Healthcheck::default() };
    };
    let nanos = |time: Option<Duration>| time.and_then(|time| i64::try_from(time.as_nanos()).ok()).unwrap_or_default();
    let (kind, words) = match &probe.command {
        CommandLine::Shell(line) => ("CMD-SHELL", vec![line.text.clone()]),
        CommandLine::Exec(words) => ("CMD", words.iter().map(|word| word.text.clone()).collect()),
    };
    image::Healthcheck {
        test: std::iter::once(kind.to_owned()).chain(words).collect(),
        interval: nanos(probe.interval),
        timeout: nanos(probe.timeout),
        start_period: nanos(probe.start_period),
        start_interval: nanos(probe.start_interval),
        retries: probe.retries.unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_become_configuration() {
        let mut config = ContainerConfig::default();
        for change in [
            "CMD [\"sh\", \"-l\"]",
            "ENTRYPOINT exec /init",
            "ENV A=1 B=\"two words\"",
            "ENV A=3",
            "EXPOSE 80 53/udp",
            "USER 1000:1000",
            "WORKDIR srv",
            "WORKDIR data",
            "VOLUME /data",
            "LABEL a.b=c",
            "STOPSIGNAL SIGINT",
            "ONBUILD RUN true",
            "HEALTHCHECK --interval=5s --retries=3 CMD curl -f localhost",
        ] {
            apply(&mut config, change).unwrap_or_else(|error| panic!("{change}: {error}"));
        }
        insta::assert_json_snapshot!(config, @r#"
        {
          "User": "1000:1000",
          "ExposedPorts": {
            "53/udp": {},
            "80/tcp": {}
          },
          "Env": [
            "A=3",
            "B=two words"
          ],
          "Entrypoint": [
            "/bin/sh",
            "-c",
            "exec /init"
          ],
          "Cmd": [
            "sh",
            "-l"
          ],
          "Healthcheck": {
            "Test": [
              "CMD-SHELL",
              "curl -f localhost"
            ],
            "Interval": 5000000000,
            "Retries": 3
          },
          "Volumes": {
            "/data": {}
          },
          "WorkingDir": "/srv/data",
          "OnBuild": [
            "RUN true"
          ],
          "Labels": {
            "a.b": "c"
          },
          "StopSignal": "SIGINT"
        }
        "#);
        assert_eq!(apply(&mut config, "RUN true").unwrap_err(), "RUN does not only change the configuration");
        assert_eq!(apply(&mut config, "ONBUILD FROM x").unwrap_err(), "there is no instruction `FROM`");
        assert!(apply(&mut config, "NONSENSE x").is_err());
        assert!(apply(&mut config, "").is_err());
    }
}
