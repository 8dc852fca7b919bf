//! `--check` and `--call`: what is to be said of a Dockerfile without building it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use builder::{Build, Context, DockerfileSource};
use dockerfile::check::CheckInput;
use dockerfile::{Dockerfile, Ignore, InstructionKind, Plan, PlanInput};
use image::Platform;
use span::{Diagnostic, SourceMap};

use super::BuildArgs;
use crate::failure::Failure;

pub(super) fn run(args: &BuildArgs, build: &Build) -> Result<(), Failure> {
    let method = if args.check { "check" } else { args.call.as_deref().unwrap_or("check") };
    let (method, format) = method.split_once(',').unwrap_or((method, ""));
    let json = format == "format=json";
    let (name, text, ignore) = text(build)?;
    let mut sources = SourceMap::new();
    let id = sources.add(name.as_str(), text.as_str());
    let shown =
        |problems: &[Diagnostic], sources: &SourceMap| span::render_terminal(problems, sources, span::Color::Off);
    let file = dockerfile::parse(id, &text).map_err(|problems| Failure::invalid(shown(&problems, &sources)))?;
    let host = Platform::host().to_string();
    let input = PlanInput {
        target: build.target.clone(),
        build_args: build.args.clone(),
        build_platform: host.clone(),
        target_platform: build.platforms.first().map_or(host, ToString::to_string),
        contexts: build.contexts.keys().cloned().collect::<BTreeSet<_>>(),
    };
    let plan = Plan::new(&file, &input).map_err(|problems| Failure::invalid(shown(&problems, &sources)))?;
    match method {
        "check" | "lint" => {
            let ignore = match ignore {
                Some((name, text)) => {
                    let id = sources.add(name.as_str(), text.as_str());
                    Some(Ignore::parse(id, &text).map_err(|problems| Failure::invalid(shown(&problems, &sources)))?)
                }
                None => None,
            };
            let check = CheckInput {
                build_args: build.args.clone(),
                bases: BTreeMap::new(),
                ignore: ignore.as_ref(),
                all_stages: true,
            };
            told(&dockerfile::check::check(&file, &plan, &check), &sources, json)
        }
        "targets" => {
            print(&targets(&file));
            Ok(())
        }
        "outline" => {
            print(&outline(&file, &plan));
            Ok(())
        }
        other => Err(Failure::usage(format!("--call is build, check, outline or targets, not {other}"))),
    }
}

fn print(text: &str) {
    let _ = write!(std::io::stdout(), "{text}");
}

fn told(problems: &[Diagnostic], sources: &SourceMap, json: bool) -> Result<(), Failure> {
    if json {
        print(&span::render_json(problems, sources));
    } else if problems.is_empty() {
        print("Check complete, no warnings found.\n");
    }
    match (problems, json) {
        ([], _) => Ok(()),
        (_, true) => Err(Failure::JobsFailed),
        (some, false) => {
            let count = some.len();
            let thing = if count == 1 { "warning" } else { "warnings" };
            let text = span::render_terminal(some, sources, span::Color::Off);
            Err(Failure::invalid(format!("{}\n\nCheck complete, {count} {thing} found.", text.trim_end())))
        }
    }
}

type Text = (String, String, Option<(String, String)>);

/// The Dockerfile and the ignore file, of a directory or given as text.
fn text(build: &Build) -> Result<Text, Failure> {
    let directory = match &build.context {
        Context::Directory(directory) => Some(directory.clone()),
        _ => None,
    };
    let read = |path: &std::path::Path| {
        std::fs::read_to_string(path).map_err(|error| Failure::missing(format!("{}: {error}", path.display())))
    };
    let (name, text) = match (&build.dockerfile, &directory) {
        (DockerfileSource::Text { name, text }, _) => (name.clone(), text.clone()),
        (DockerfileSource::File(path), _) => (path.display().to_string(), read(path)?),
        (DockerfileSource::InContext(path), Some(directory)) => {
            (path.display().to_string(), read(&directory.join(path))?)
        }
        (DockerfileSource::InContext(_), None) => {
            return Err(Failure::usage("a Dockerfile is checked in a directory, or on standard input with -f -"));
        }
    };
    let ignore = directory.and_then(|directory| {
        let text = std::fs::read_to_string(directory.join(".dockerignore")).ok()?;
        Some((".dockerignore".to_owned(), text))
    });
    Ok((name, text, ignore))
}

fn targets(file: &Dockerfile) -> String {
    let mut lines = String::from("TARGET                DESCRIPTION\n");
    let last = file.stages.len().saturating_sub(1);
    for stage in &file.stages {
        let mut name = stage.name.as_ref().map_or_else(|| format!("<{}>", stage.index), |name| name.text.clone());
        if stage.index == last {
            name += " (default)";
        }
        lines += format!("{name:<21} {}", stage.description().unwrap_or_default()).trim_end();
        lines.push('\n');
    }
    lines
}

/// The arguments and secrets of the target and the stages it needs.
fn outline(file: &Dockerfile, plan: &Plan) -> String {
    let mut lines = String::new();
    if let Some(stage) = file.stages.get(plan.target) {
        lines += &format!("TARGET:      {}\n", stage.display_name());
        if let Some(description) = stage.description() {
            lines += &format!("DESCRIPTION: {description}\n");
        }
    }
    let mut args = BTreeMap::new();
    let mut secrets = BTreeSet::new();
    let globals = file.global_args.iter().flat_map(|arg| &arg.definitions);
    let mut take = |definition: &dockerfile::ArgDefinition| {
        let default = definition.default.as_ref().map(|word| word.text.clone()).unwrap_or_default();
        args.entry(definition.name.text.clone()).or_insert(default);
    };
    globals.for_each(&mut take);
    for stage in plan.order.iter().filter_map(|index| file.stages.get(*index)) {
        for instruction in &stage.instructions {
            match &instruction.kind {
                InstructionKind::Arg(definitions) => definitions.iter().for_each(&mut take),
                InstructionKind::Run(run) => {
                    let ids =
                        run.mounts.iter().filter(|mount| mount.word.text.contains("type=secret")).filter_map(|mount| {
                            let id = mount.options.iter().find(|option| option.key == "id")?;
                            id.value.as_ref().map(|value| value.text.clone())
                        });
                    secrets.extend(ids);
                }
                _ => {}
            }
        }
    }
    if !args.is_empty() {
        lines += "\nBUILD ARG             VALUE\n";
        for (name, value) in &args {
            lines += format!("{name:<21} {value}").trim_end();
            lines.push('\n');
        }
    }
    if !secrets.is_empty() {
        lines += "\nSECRET\n";
        secrets.iter().for_each(|id| lines += &format!("{id}\n"));
    }
    lines
}
