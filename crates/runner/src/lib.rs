//! Executes one job.
//!
//! Owns everything between a step's process and the run: its shell and script, the command files it writes, the
//! workflow commands it prints, masking, problem matchers, the log record and the step's result.
//!
//! It must not decide which jobs run (that is the engine's), talk to the terminal, or print.

pub mod command;
pub mod command_file;
pub mod hash_files;
mod job;
mod kept;
pub mod log;
pub mod mask;
pub mod matcher;
mod node_version;
pub mod paths;
mod regular_file;
mod request;
pub mod result;
pub mod shell;
mod temp_dir;

pub use job::{execute, mount_points};
pub use kept::{KeptJob, KeptStep, ResumeFrom, kept_dir};
pub use mask::Masker;
pub use node_version::NodeVersions;
pub use request::{Control, HeldJob, JobReport, JobRequest, LogListener, OnFailure, Surroundings};
pub use result::{Annotation, AnnotationLevel, StepState, TaskResult};
