//! What can be asked.

use std::path::PathBuf;

use crate::args::PlaceArgs;
use crate::runs_command::RecordsArgs;
use crate::server_facts::ServerArgs;

const EXAMPLES: &str = "\
Examples:
  trunkline why                            what pushing HEAD would start, and why not the rest
  trunkline why push --ref feature/x       the same for another branch, with its own files
  trunkline why push --files a.c,docs/b.md as if exactly these files had changed
  trunkline why pr 12 --base main --fork   a pull request of this branch, from a fork
  trunkline why tag v1.2                   a tag is pushed
  trunkline why schedule --at 2026-12-01T04:00
  trunkline why workflow_dispatch --input level=debug -W deploy.yml
  trunkline why release published -j publish
  trunkline why -e event.json              the event of a file

Of what is recorded and defined:
  trunkline why failed                     the last run: its first real error and the cause
  trunkline why run 12 deploy              what happened to a job
  trunkline why slow -1                    what made a run long
  trunkline why cache npm-linux            why a cache was not restored
  trunkline why secret DEPLOY_KEY          where it comes from and who sees it";

/// Why workflows and jobs run, or do not
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true)]
pub(crate) struct WhyArgs {
    #[command(subcommand)]
    pub(crate) what: Option<What>,
    #[command(flatten)]
    pub(crate) event: EventArgs,
}

/// Questions about what is recorded and defined, beside those about events.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum What {
    /// What happened in a run, and why
    #[command(
        after_help = "Examples:\n  trunkline why run             the last one\n  trunkline why run 12 deploy   a job of run 12, with its steps"
    )]
    Run(RunQuestion),
    /// Why a run failed: the first real error, its cause, what is different from the last green run
    #[command(after_help = "Examples:\n  trunkline why failed\n  trunkline why failed last test")]
    Failed(RunQuestion),
    /// Why a run took so long: what decided, what waited, what would save time
    #[command(after_help = "Example:\n  trunkline why slow -1")]
    Slow(SlowQuestion),
    /// Why a cache was restored or not, and what changed in its key
    #[command(
        after_help = "Examples:\n  trunkline why cache npm-linux-3f2a   the newest look for a key that begins so\n  trunkline why cache --run last       every look of a run"
    )]
    Cache(CacheQuestion),
    /// Where a secret is defined and who sees it; never its value
    #[command(
        after_help = "Examples:\n  trunkline why secret DEPLOY_KEY\n  trunkline why secret DEPLOY_KEY --server https://ci.example.com   as the server has it"
    )]
    Secret(SecretQuestion),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunQuestion {
    /// The run: its number, `last`, or counted from the end as `-1`
    #[arg(value_name = "RUN", default_value = "last", allow_negative_numbers = true)]
    pub(crate) run: String,
    /// The job: its key in the file, or its name
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// Every step, with its condition and action
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SlowQuestion {
    /// The run: its number, `last`, or counted from the end as `-1`
    #[arg(value_name = "RUN", default_value = "last", allow_negative_numbers = true)]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CacheQuestion {
    /// The key, or how it begins
    #[arg(value_name = "KEY", required_unless_present = "run", conflicts_with = "run")]
    pub(crate) key: Option<String>,
    /// Every look of this run instead
    #[arg(long, value_name = "RUN", allow_negative_numbers = true)]
    pub(crate) run: Option<String>,
    /// Only of this job
    #[arg(short, long, value_name = "JOB", requires = "run")]
    pub(crate) job: Option<String>,
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SecretQuestion {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct EventArgs {
    /// The event and what it is about: push, `pr [NUMBER]`, `tag NAME…`, or an event with its activity type, such as
    /// `release published` [default: push]
    #[arg(value_name = "EVENT")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Only these jobs, in full (a key in the file); may be repeated
    #[arg(short, long = "job", value_name = "JOB")]
    pub(crate) job: Vec<String>,
    /// Every workflow in full
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Fields of the event's payload, as JSON; they win over what is made up from git
    #[arg(short, long = "eventpath", alias = "event-path", value_name = "EVENT.json")]
    pub(crate) eventpath: Option<PathBuf>,
    /// The branch or tag (refs/tags/…) that the event is about; its own files count
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) git_ref: Option<String>,
    /// Pull requests: the branch merged into [default: the default branch]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) base: Option<String>,
    /// Pull requests: the branch that is merged [default: the current one]
    #[arg(long, value_name = "BRANCH", conflicts_with = "git_ref")]
    pub(crate) head: Option<String>,
    /// Pushes: the commit before; zeros for a new branch [default: what was pushed last]
    #[arg(long, value_name = "COMMIT")]
    pub(crate) before: Option<String>,
    /// Exactly these files changed
    #[arg(long, value_name = "FILE,…", value_delimiter = ',')]
    pub(crate) files: Option<Vec<String>>,
    /// Leave uncommitted changes out
    #[arg(long)]
    pub(crate) clean: bool,
    /// The activity type, such as `labeled`
    #[arg(long = "action", alias = "action-type", value_name = "TYPE")]
    pub(crate) action: Option<String>,
    /// An input of workflow_dispatch
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub(crate) input: Vec<String>,
    /// schedule: what is due at this time
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// workflow_run: the name of the workflow whose run it is about
    #[arg(long, value_name = "NAME")]
    pub(crate) workflow: Option<String>,
    /// A variable of the `vars` context
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) var: Vec<String>,
    /// Where jobs with this `runs-on` label run: `sandbox`, `host` or `image:REFERENCE`
    #[arg(short = 'P', long = "platform", value_name = "LABEL=WHERE")]
    pub(crate) platform: Vec<String>,
    #[command(flatten)]
    pub(crate) suppose: Suppositions,
}

/// What neither git nor the files can say.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Suppose that")]
pub(crate) struct Suppositions {
    /// … the pull request comes from a fork
    #[arg(long)]
    pub(crate) fork: bool,
    /// … it is its author's first one here
    #[arg(long)]
    pub(crate) first_time: bool,
    /// … Dependabot caused it
    #[arg(long, conflicts_with = "github_token")]
    pub(crate) dependabot: bool,
    /// … a job caused it with its GITHUB_TOKEN
    #[arg(long)]
    pub(crate) github_token: bool,
    /// … the pull request is a draft
    #[arg(long)]
    pub(crate) draft: bool,
    /// … the repository is private
    #[arg(long)]
    pub(crate) private: bool,
    /// … the workflow is switched off
    #[arg(long)]
    pub(crate) disabled: bool,
    /// … so many branches or tags are pushed at once
    #[arg(long, value_name = "N")]
    pub(crate) at_once: Option<usize>,
    /// … the run that a workflow_run is about was started by workflow_run itself, so many in a row
    #[arg(long, value_name = "N")]
    pub(crate) chain: Option<usize>,
    /// … it is a repetition of a run
    #[arg(long)]
    pub(crate) rerun: bool,
    /// … GitHub's limits hold: 300 files, 1,000 commits, files in .github/workflows only
    #[arg(long)]
    pub(crate) github: bool,
}
