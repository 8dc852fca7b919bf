//! Which stages a target needs, and what they are made from.

use std::collections::{BTreeMap, BTreeSet};

use span::Diagnostic;

use crate::Dockerfile;

/// What a build brings along.
#[derive(Debug, Clone, Default)]
pub struct PlanInput {
    /// The stage to build, by name or number; the last one if `None`.
    pub target: Option<String>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// `os/arch[/variant]` of the machine that builds.
    pub build_platform: String,
    /// `os/arch[/variant]` of the image.
    pub target_platform: String,
    /// Names of `--build-context`; they stand in front of stages and images.
    pub contexts: BTreeSet<String>,
}

/// A file with its global arguments known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The index of the stage that is asked for.
    pub target: usize,
    /// One for each stage of the file.
    pub stages: Vec<StagePlan>,
    /// Stages that the target needs, it included, each after all that it needs.
    pub order: Vec<usize>,
    /// The values of `ARG` before the first `FROM` and of the platform arguments; what an `ARG` in a stage takes
    /// when it has no value of its own.
    pub globals: BTreeMap<String, String>,
    /// Names given with `--build-arg` that the file never declares.
    pub unused_args: Vec<String>,
}

/// What a stage is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagePlan {
    pub base: Base,
    /// `--platform` with its variables put in.
    pub platform: Option<String>,
    /// Stages it reads by `FROM`, `COPY --from` and `RUN --mount=from=`.
    pub needs: BTreeSet<usize>,
    /// Images and named contexts it reads by `COPY --from` and `RUN --mount=from=`.
    pub outside: BTreeSet<String>,
}

/// Where a stage begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    Scratch,
    /// An earlier stage.
    Stage(usize),
    /// A named context stands in for the image or for the stage itself.
    Context(String),
    /// An image's reference.
    Image(String),
}

/// What `from` means in `COPY --from` and `RUN --mount=from=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    Stage(usize),
    Context(String),
    Image(String),
}

impl Plan {
    /// Puts variables into every `FROM` and finds what the target needs.
    pub fn new(file: &Dockerfile, input: &PlanInput) -> Result<Plan, Vec<Diagnostic>> {
        let _ = (file, input);
        Err(Vec::new())
    }
}
