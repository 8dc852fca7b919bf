//! Goes through the instructions of the stages with the variables they see.

use std::collections::BTreeMap;

use span::{Span, did_you_mean};

use super::report::{Report, Rule};
use super::{CheckInput, ports_and_paths, stages, variables};
use crate::plan::Base;
use crate::{CommandLine, Dockerfile, Expander, Instruction, InstructionKind, Plan, Scope, Stage, Variables, Word};

/// What a stage hands on to those made from it.
#[derive(Clone, Default)]
struct State {
    scope: Scope,
    /// Whether all variables of the base are known.
    known: bool,
    shell: bool,
    workdir: bool,
}

pub(super) fn check(file: &Dockerfile, plan: &Plan, input: &CheckInput<'_>, report: &mut Report<'_>) {
    let mut ends: BTreeMap<usize, State> = BTreeMap::new();
    for (stage, planned) in file.stages.iter().zip(&plan.stages) {
        if planned.replaced || !(input.all_stages || plan.order.binary_search(&stage.index).is_ok()) {
            continue;
        }
        let facts = input.bases.get(&stage.index);
        let mut state = match &planned.base {
            Base::Stage(index) => ends.get(index).cloned().unwrap_or_default(),
            Base::Scratch => State { known: true, ..State::default() },
            Base::Image(_) | Base::Context(_) => State {
                scope: Scope::new(facts.map(|facts| facts.environment.clone()).unwrap_or_default()),
                known: facts.is_some(),
                shell: facts.is_some_and(|facts| facts.shell),
                workdir: false,
            },
        };
        if !matches!(planned.base, Base::Stage(_)) && state.scope.get("PATH").is_none() {
            state.scope.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        }
        if let Some((actual, expected)) = facts.and_then(|facts| facts.platforms.as_ref()) {
            base_platform(stage, actual, expected, report);
        }
        Walk { file, plan, input, report, state: &mut state, last: BTreeMap::new() }.stage(stage);
        ends.insert(stage.index, state);
    }
}

fn base_platform(stage: &Stage, actual: &str, expected: &str, report: &mut Report<'_>) {
    let two = |platform: &str| platform.split('/').take(2).map(str::to_owned).collect::<Vec<_>>();
    if two(actual) != two(expected) {
        let message = format!("the base image is for `{actual}`, not for `{expected}`");
        report.add(Rule::INVALID_BASE_IMAGE_PLATFORM, stage.base.span, message, &stage.comments);
    }
}

struct Walk<'a, 'r, 'o> {
    file: &'a Dockerfile,
    plan: &'a Plan,
    input: &'a CheckInput<'a>,
    report: &'r mut Report<'o>,
    state: &'r mut State,
    /// The last CMD, ENTRYPOINT and HEALTHCHECK of the stage.
    last: BTreeMap<&'static str, Span>,
}

impl Walk<'_, '_, '_> {
    fn stage(mut self, stage: &Stage) {
        for instruction in &stage.instructions {
            self.instruction(instruction);
        }
    }

    fn instruction(&mut self, instruction: &Instruction) {
        let Instruction { comments, kind, span, keyword, .. } = instruction;
        match kind {
            InstructionKind::Arg(definitions) => {
                let names: Vec<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
                stages::description("ARG", &names, comments, *span, self.report);
                for definition in definitions {
                    variables::secret("ARG", &definition.name, comments, self.report);
                    let globals = &self.plan.globals;
                    let declared =
                        self.state.scope.declare(definition, self.file.escape, globals, &self.input.build_args);
                    if let Ok(declared) = declared {
                        self.missing(declared.missing, comments);
                    }
                }
                return;
            }
            InstructionKind::Run(run) => {
                let mut missing = Vec::new();
                for mount in &run.mounts {
                    let mut expander = Expander::new(self.file.escape, &self.state.scope);
                    // What is wrong with it is told when it runs.
                    let _ = mount.resolve(&mut expander);
                    missing.extend(expander.missing);
                }
                self.missing(missing, comments);
                return;
            }
            _ => {}
        }
        let mut expander = Expander::new(self.file.escape, &self.state.scope);
        let Ok(expanded) = kind.expand(&mut expander) else { return };
        let mut missing = expander.missing;
        match &expanded {
            InstructionKind::Env(pairs) => {
                variables::legacy("ENV", pairs, comments, self.report);
                for pair in pairs {
                    variables::secret("ENV", &pair.name, comments, self.report);
                    self.state.scope.set(&pair.name.text, &pair.value.text);
                }
            }
            InstructionKind::Label(pairs) => variables::legacy("LABEL", pairs, comments, self.report),
            InstructionKind::Maintainer(_) => {
                let message = "MAINTAINER is deprecated".to_owned();
                let help = Some("write `LABEL org.opencontainers.image.authors=…`".to_owned());
                self.report.push(Rule::MAINTAINER_DEPRECATED, keyword.span, message, comments, help);
            }
            InstructionKind::Shell(_) => self.state.shell = true,
            InstructionKind::Cmd(command) => self.command("CMD", command, instruction),
            InstructionKind::Entrypoint(command) => self.command("ENTRYPOINT", command, instruction),
            InstructionKind::Healthcheck(_) => self.once("HEALTHCHECK", instruction),
            InstructionKind::Workdir(path) => {
                if !self.state.workdir && !path.text.starts_with('/') {
                    let message = format!("the working directory `{}` depends on that of the base image", path.text);
                    self.report.add(Rule::WORKDIR_RELATIVE_PATH, path.span, message, comments);
                }
                self.state.workdir = true;
            }
            InstructionKind::Expose(words) => ports_and_paths::expose(words, comments, self.report),
            InstructionKind::Copy(copy) if copy.from.is_none() => {
                ports_and_paths::ignored("COPY", &copy.transfer, self.input.ignore, comments, self.report);
            }
            InstructionKind::Add(add) => {
                ports_and_paths::ignored("ADD", &add.transfer, self.input.ignore, comments, self.report);
            }
            _ => {}
        }
        missing.sort();
        self.missing(missing, comments);
    }

    fn missing(&mut self, missing: Vec<(String, Span)>, comments: &[Word]) {
        if !self.state.known {
            return;
        }
        for (name, span) in missing {
            if self.state.scope.is_declared(&name) {
                continue;
            }
            let near = did_you_mean(&name, self.state.scope.values().map(|(name, _)| name));
            let help = near.map(|near| format!("did you mean `${near}`?"));
            let message = format!("the variable `${name}` is not set here");
            self.report.push(Rule::UNDEFINED_VAR, span, message, comments, help);
        }
    }

    fn command(&mut self, name: &'static str, command: &CommandLine, instruction: &Instruction) {
        self.once(name, instruction);
        if matches!(command, CommandLine::Shell(_)) && !self.state.shell {
            let message = format!("{name} in shell form puts a shell in front, which keeps signals to itself");
            let help = Some(format!("write `{name} [\"program\", \"argument\"]`"));
            self.report.push(Rule::JSON_ARGS_RECOMMENDED, instruction.span, message, &instruction.comments, help);
        }
    }

    fn once(&mut self, name: &'static str, instruction: &Instruction) {
        if let Some(before) = self.last.insert(name, instruction.span) {
            let message = format!("this {name} has no effect: a later one of the stage takes its place");
            self.report.add(Rule::MULTIPLE_INSTRUCTIONS_DISALLOWED, before, message, &instruction.comments);
        }
    }
}
