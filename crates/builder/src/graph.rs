//! What has to be done: steps, each on the files of the one below it, some reading the files of others.

use std::path::PathBuf;
use std::sync::Arc;

use dockerfile::ignore::Ignore;
use dockerfile::{Mode, MountKind, Owner};
use image::{Descriptor, Digest, Platform};
use serde::{Deserialize, Serialize};
use span::Span;

use crate::event::StepId;
use crate::inputs::Files;

/// A place in [`Graph::steps`].
pub(crate) type StepRef = usize;

/// Steps in an order in which each comes after all that it needs.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) steps: Vec<Step>,
}

impl Graph {
    pub(crate) fn add(&mut self, step: Step) -> StepRef {
        self.steps.push(step);
        self.steps.len() - 1
    }
}

/// One layer: as it is stored, and by the digest of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layer {
    pub(crate) descriptor: Descriptor,
    pub(crate) diff_id: Digest,
}

/// One step.
pub(crate) struct Step {
    pub(crate) id: StepId,
    pub(crate) op: Op,
    /// Whose files it starts from; none if `None`.
    pub(crate) below: Option<StepRef>,
    /// As it is shown.
    pub(crate) name: String,
    /// The instruction.
    pub(crate) span: Option<Span>,
    pub(crate) platform: Platform,
    /// Earlier results do not count.
    pub(crate) fresh: bool,
    /// The instruction as history and provenance show it.
    pub(crate) shown: String,
}

pub(crate) enum Op {
    /// The layers of an image.
    Base {
        layers: Vec<Layer>,
    },
    Run(RunOp),
    Copy(CopyOp),
    /// Makes a directory that belongs to a user, unless it is there.
    Workdir {
        path: PathBuf,
        user: String,
    },
}

/// Where files are read from.
#[derive(Clone)]
pub(crate) enum Tree {
    Context(Arc<Files>),
    /// What a step leaves; an empty tree if `None`.
    Step(Option<StepRef>),
}

pub(crate) struct RunOp {
    pub(crate) argv: Vec<String>,
    /// `/dev/pipes/<name>`, made executable.
    pub(crate) script: Option<(String, String)>,
    pub(crate) env: Vec<(String, String)>,
    /// Of the proxy: given to the process, no part of the key.
    pub(crate) proxy_env: Vec<(String, String)>,
    pub(crate) cwd: PathBuf,
    pub(crate) user: String,
    pub(crate) mounts: Vec<RunMount>,
    pub(crate) network: dockerfile::Network,
    pub(crate) insecure: bool,
}

pub(crate) struct RunMount {
    pub(crate) kind: MountKind,
    /// Absolute; of secrets and sockets where a path is wanted.
    pub(crate) target: Option<PathBuf>,
    /// Of bind and cache mounts.
    pub(crate) tree: Option<Tree>,
}

pub(crate) struct CopyOp {
    pub(crate) sources: Vec<CopySource>,
    /// Absolute and clean.
    pub(crate) destination: PathBuf,
    /// It was written with a slash at the end, or is the working directory itself.
    pub(crate) into_directory: bool,
    pub(crate) owner: Option<Owner>,
    pub(crate) mode: Option<Mode>,
    /// The layer does not depend on what is below.
    pub(crate) link: bool,
    pub(crate) parents: bool,
    pub(crate) excludes: Ignore,
}

pub(crate) enum CopySource {
    /// A path or pattern in a tree.
    Paths {
        tree: Tree,
        pattern: String,
        unpack: bool,
    },
    Inline {
        name: String,
        content: String,
    },
    Url {
        url: String,
        checksum: Option<image::Digest>,
        unpack: bool,
    },
    Git {
        url: crate::inputs::GitUrl,
        keep_git_dir: bool,
    },
}
