//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes: 0 every run succeeded · 1 a job failed · 2 wrong usage · 3 a workflow, action, event or configuration file is \
invalid · 4 something needed is missing (action, tool, job, run) · 5 Trunkline or the machine failed · 130 cancelled";

/// Takes a git push to production: runs GitHub Actions workflows unmodified, sandboxed, without Docker.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, after_help = EXIT_CODES, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the repository's workflows for an event
    Run(Box<RunArgs>),
    /// Run again what an earlier run ran, or what failed in it
    Rerun(Box<RerunArgs>),
    /// List recorded runs
    Runs(crate::runs_command::RunsArgs),
    /// Show a recorded run: jobs, annotations, summaries, artifacts
    Show(crate::show_command::ShowArgs),
    Why(Box<crate::why_command::WhyArgs>),
    /// Check this machine and configuration: what works, what does not, what to do
    Doctor(crate::doctor_command::DoctorArgs),
    /// Print the log of a recorded run, or of one of its jobs
    Logs(crate::logs_command::LogsArgs),
    /// Pin, check and vendor the actions that workflows use
    #[command(subcommand)]
    Actions(ActionsCommand),
    /// Images: pull, push, list, save, load, import, export, prune
    #[command(subcommand)]
    Image(crate::image_command::ImageCommand),
    /// Serve images to other machines and programs
    #[command(subcommand)]
    Registry(crate::registry_command::RegistryCommand),
    /// Serve git, runs and their API to a team: push in, runs out
    Serve(Box<crate::serve_command::ServeArgs>),
    /// Administer a server at its machine: users, tokens, backup and restore
    Admin(Box<crate::admin_command::AdminArgs>),
    /// Take jobs of a server on this machine
    Runner(Box<crate::runner_command::RunnerArgs>),
    /// Build an image from a Dockerfile
    Build(Box<crate::build_command::BuildArgs>),
    /// Check workflows, actions and the configuration: what is wrong, dangerous or cannot work
    Lint(Box<crate::lint_command::LintArgs>),
    Lsp(crate::lsp_command::LspArgs),
    /// Evaluate an expression and show each of its parts
    Expr(crate::expr_command::ExprArgs),
}

#[derive(Clone, Debug, Default, Args, serde::Serialize, serde::Deserialize)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct RunArgs {
    /// The event: push, pull_request, workflow_dispatch, … [default: push when a workflow listens to it]
    pub(crate) event: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Only these jobs, with the jobs they need (a key in the file); may be repeated
    #[arg(short, long = "job", value_name = "JOB")]
    pub(crate) job: Vec<String>,
    /// Fields of the event's payload, as JSON; they win over what is made up from git
    #[arg(short, long = "eventpath", alias = "event-path", value_name = "EVENT.json")]
    pub(crate) eventpath: Option<PathBuf>,
    /// An activity type, such as `labeled` for pull_request
    #[arg(long, value_name = "TYPE")]
    pub(crate) action_type: Option<String>,
    #[command(flatten)]
    pub(crate) values: ValueArgs,
    /// An input of workflow_dispatch
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub(crate) input: Vec<String>,
    /// Only matrix legs with this value; may be repeated
    #[arg(long = "matrix", value_name = "KEY:VALUE")]
    pub(crate) matrix: Vec<String>,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    /// Check out HEAD; uncommitted changes stay out
    #[arg(long)]
    pub(crate) clean: bool,
    /// Say what would run, with reasons, and stop
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// List workflows, jobs and the events they listen to
    #[arg(short, long)]
    pub(crate) list: bool,
    /// Approve these environments without asking (`all` for every one)
    #[arg(long = "approve", value_name = "ENVIRONMENT")]
    pub(crate) approve: Vec<String>,
    /// Open a shell in the sandbox of a job that failed
    #[arg(long)]
    pub(crate) shell_on_failure: bool,
    /// Debug messages of steps (as ACTIONS_STEP_DEBUG does)
    #[arg(long)]
    pub(crate) debug: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Clone, Debug, Default, Args, serde::Serialize, serde::Deserialize)]
pub(crate) struct PlaceArgs {
    /// The repository, or a directory in it
    #[arg(short = 'C', long = "directory", value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
    /// A workflow file, or a directory of them [default: .github/workflows and .trunkline/workflows]
    #[arg(short = 'W', long = "workflows", value_name = "PATH")]
    pub(crate) workflows: Vec<PathBuf>,
}

#[derive(Clone, Debug, Default, Args, serde::Serialize, serde::Deserialize)]
pub(crate) struct ValueArgs {
    /// A secret; without a value it is taken from the environment, else asked for
    #[arg(short, long = "secret", value_name = "NAME[=VALUE]")]
    pub(crate) secret: Vec<String>,
    /// Secrets as NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Vec<PathBuf>,
    /// A variable of the `vars` context
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) var: Vec<String>,
    /// Variables as NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) var_file: Vec<PathBuf>,
    /// An environment variable for every step, below what the workflow sets
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
}

#[derive(Clone, Debug, Default, Args, serde::Serialize, serde::Deserialize)]
pub(crate) struct MachineArgs {
    /// Where jobs with this `runs-on` label run: `sandbox`, `host` or `image:REFERENCE`
    #[arg(short = 'P', long = "platform", value_name = "LABEL=WHERE")]
    pub(crate) platform: Vec<String>,
    /// At most so many jobs at once [default: two for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// `host` lets jobs use the machine's network, `none` gives them only a loopback of their own
    #[arg(long, value_name = "NETWORK", value_parser = ["host", "none"])]
    pub(crate) network: Option<String>,
    /// Memory for each job, such as 2g
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory: Option<String>,
    /// Processors for each job, such as 1.5
    #[arg(long, value_name = "N")]
    pub(crate) cpus: Option<f64>,
    /// Processes for each job
    #[arg(long, value_name = "N")]
    pub(crate) pids: Option<u64>,
    /// Where actions come from before GitHub: OWNER/REPO=DIR, or a directory of OWNER/REPO
    #[arg(long = "action-source", value_name = "SOURCE")]
    pub(crate) action_source: Vec<String>,
    /// Whether Trunkline's own actions stand in for upstream ones: prefer, never, only
    #[arg(long, value_name = "MODE", value_parser = ["prefer", "never", "only"])]
    pub(crate) native: Option<String>,
    /// Never use the network to find actions
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Clone, Debug, Default, Args, serde::Serialize, serde::Deserialize)]
pub(crate) struct OutputArgs {
    /// One JSON event a line
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Only failures and the result
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Everything, set-up and environment included
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct RerunArgs {
    /// The run's number [default: the last one]
    pub(crate) run: Option<String>,
    /// Only what did not succeed, and what depends on it
    #[arg(long)]
    pub(crate) failed: bool,
    /// Start jobs at this step (id, name or number), on the files that the run left
    #[arg(long, value_name = "STEP")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Only these jobs, with the jobs they need
    #[arg(short, long = "job", value_name = "JOB")]
    pub(crate) job: Vec<String>,
    #[command(flatten)]
    pub(crate) values: ValueArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    /// Approve these environments without asking (`all` for every one)
    #[arg(long = "approve", value_name = "ENVIRONMENT")]
    pub(crate) approve: Vec<String>,
    /// Open a shell in the sandbox of a job that failed
    #[arg(long)]
    pub(crate) shell_on_failure: bool,
    /// Debug messages of steps
    #[arg(long)]
    pub(crate) debug: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActionsCommand {
    /// Write trunkline.lock: every action and reusable workflow, at the commit it means now
    Lock(ActionsArgs),
    /// Check trunkline.lock against what the references mean now
    Verify(ActionsArgs),
    /// Copy the locked actions into .trunkline/vendor, for use without a network
    Vendor(ActionsArgs),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ActionsArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Where actions come from before GitHub: OWNER/REPO=DIR, or a directory of OWNER/REPO
    #[arg(long = "action-source", value_name = "SOURCE")]
    pub(crate) action_source: Vec<String>,
    /// Never use the network
    #[arg(long)]
    pub(crate) offline: bool,
}
