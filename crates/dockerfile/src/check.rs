//! Checks: what builds, though hardly as meant. The rules are BuildKit's, under their names.

mod ports_and_paths;
mod report;
mod stages;
mod variables;
mod walk;

use std::collections::BTreeMap;

use span::Diagnostic;

use crate::{Dockerfile, Ignore, Plan};
use report::Report;
pub use report::{RULES, Rule};

/// What is known beside the file.
#[derive(Debug, Clone, Default)]
pub struct CheckInput<'a> {
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// What the base images of stages (by index) bring along. Of a stage on an image that is not here, variables are
    /// not checked.
    pub bases: BTreeMap<usize, BaseFacts>,
    /// `.dockerignore`, if the context has one.
    pub ignore: Option<&'a Ignore>,
    /// Stages that the target does not need are looked at too.
    pub all_stages: bool,
}

/// What the checks ask about an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseFacts {
    pub environment: Vec<(String, String)>,
    /// Whether it sets `SHELL`.
    pub shell: bool,
    /// `os/arch[/variant]` of the image, and of what was asked for.
    pub platforms: Option<(String, String)>,
}

/// Goes through the file with every rule that is not turned off. What is found are warnings, or errors if the file says
/// `# check=error=true`.
pub fn check(file: &Dockerfile, plan: &Plan, input: &CheckInput<'_>) -> Vec<Diagnostic> {
    let mut report = Report::new(&file.check);
    for span in &file.empty_continuations {
        report.add(
            Rule::NO_EMPTY_CONTINUATION,
            *span,
            "the line is empty where the instruction goes on".to_owned(),
            &[],
        );
    }
    stages::check(file, plan, &mut report);
    walk::check(file, plan, input, &mut report);
    report.finish()
}

/// `# check=skip=Rule,Rule;error=true;experimental=all`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckOptions {
    pub skip: Vec<String>,
    pub skip_all: bool,
    pub experimental: Vec<String>,
    pub experimental_all: bool,
    /// What a check finds makes the build fail.
    pub error: bool,
}

impl CheckOptions {
    /// Reads what stands behind `check=`.
    pub fn parse(text: &str) -> Result<CheckOptions, String> {
        let mut options = CheckOptions::default();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!("`{part}` is no option of a check"));
            };
            let value = value.trim();
            let rules = || value.split(',').map(|rule| rule.trim().to_owned()).collect();
            match key.trim() {
                "skip" if value == "all" => options.skip_all = true,
                "skip" => options.skip = rules(),
                "experimental" if value == "all" => options.experimental_all = true,
                "experimental" => options.experimental = rules(),
                "error" => match crate::flags::boolean(value) {
                    Some(error) => options.error = error,
                    None => return Err(format!("`error` is `true` or `false`, not `{value}`")),
                },
                other => return Err(format!("`{other}` is no option of a check")),
            }
        }
        Ok(options)
    }
}
