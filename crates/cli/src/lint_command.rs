//! `trunkline lint`: from paths to findings on the terminal or in a file.

mod changed;
mod collect;
mod configuration;
mod external;
mod output;
mod repair;

use std::io::Write as _;
use std::path::{Path, PathBuf};

pub(crate) use collect::project_of;
use lint::{Baseline, Confidence, Finding, Options, Profile, Project};
use span::SourceMap;

use crate::failure::{Failure, SUCCESS};
use crate::server_facts::ServerArgs;

const EXIT_CODES: &str = "\
Exit codes: 0 nothing found, or nothing of the severity of --fail-on · 1 something found · 2 wrong usage · \
3 the file of --baseline is no baseline · 4 a path, baseline or revision does not exist · \
5 Trunkline or the machine failed. A file that is broken is a finding, and the others are looked at all the same.";

/// The exit code when something was found.
const FOUND: u8 = 1;

/// Check workflows, actions and the configuration
#[derive(Debug, Default, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct LintArgs {
    /// Files and directories, or `-` for standard input [default: what the repository has]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// correctness: what is wrong; default: and what is dangerous; pedantic: and what is a matter of style
    #[arg(long, value_name = "PROFILE", value_parser = ["correctness", "default", "pedantic"])]
    pub(crate) profile: Option<String>,
    /// Show findings of at least this confidence [default: high]
    #[arg(long, value_name = "LEVEL", value_parser = ["low", "medium", "high"])]
    pub(crate) confidence: Option<String>,
    /// Only these rules (an id, `group/*`, or a name of actionlint's or zizmor's); may be repeated
    #[arg(long = "rule", value_name = "RULE")]
    pub(crate) rule: Vec<String>,
    /// How findings are shown
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json", "sarif", "github", "junit"])]
    pub(crate) format: String,
    /// The least severity for which the exit code is 1
    #[arg(long, value_name = "SEVERITY", default_value = "info", value_parser = ["error", "warning", "info", "never"])]
    pub(crate) fail_on: String,
    /// Put right what can safely be put right
    #[arg(long)]
    pub(crate) fix: bool,
    /// Also make changes that a person should look at
    #[arg(long, requires = "fix")]
    pub(crate) unsafe_fixes: bool,
    /// Leave out what this file has; see --write-baseline
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write what is found to the file of --baseline, and succeed
    #[arg(long, requires = "baseline")]
    pub(crate) write_baseline: bool,
    /// Only what stands on lines that changed since a revision
    #[arg(long, value_name = "REV")]
    pub(crate) changed_since: Option<String>,
    /// Leave aside what is configured: `[lint]` of trunkline.toml, zizmor.yml and .github/actionlint.yaml
    #[arg(long)]
    pub(crate) no_config: bool,
    /// Whether shellcheck and pyflakes look at scripts where they are on PATH
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "never"])]
    pub(crate) external: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// The path that standard input counts as
    #[arg(long, value_name = "PATH", default_value = ".github/workflows/stdin.yml")]
    pub(crate) stdin_filename: String,
    /// Print the page of a rule and stop
    #[arg(long, value_name = "RULE", exclusive = true)]
    pub(crate) explain: Option<String>,
    /// List the rules and stop
    #[arg(long)]
    pub(crate) list_rules: bool,
}

/// Everything that is linted: one project for each repository that the paths lie in.
pub(crate) struct Workspace {
    pub(crate) sources: SourceMap,
    pub(crate) projects: Vec<Placed>,
}

/// A project and where its top is.
pub(crate) struct Placed {
    pub(crate) top: PathBuf,
    pub(crate) project: Project,
    /// Files that `exclude` leaves out.
    pub(crate) excluded: usize,
}

pub(crate) fn run(args: &LintArgs) -> Result<u8, Failure> {
    if let Some(name) = &args.explain {
        return explain(name);
    }
    let options = options(args)?;
    if args.list_rules {
        print(&output::rules())?;
        return Ok(SUCCESS);
    }
    if args.fix && args.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::usage("--fix changes files, and standard input is none"));
    }
    let mut workspace = collect::collect(args)?;
    let told = Told { changed_since: args.changed_since.clone(), baseline: baseline(args)? };
    if args.fix {
        repair::repair(&mut workspace, args, &options, &told)?;
    }
    let mut shown: Vec<Finding> = Vec::new();
    let mut left_out = 0;
    let mut written = Baseline::default();
    for Placed { top, project, .. } in &workspace.projects {
        let others = if args.external == "never" { Vec::new() } else { external::findings(project, &options)? };
        let mut findings = lint::lint_with(project, &options, others).findings;
        left_out += told.keep(top, project, &mut findings)?;
        if args.write_baseline {
            let known = Baseline::of(project, &below(top), &findings);
            written.version = known.version;
            written.findings.extend(known.findings);
        }
        shown.extend(findings);
    }
    if let (true, Some(path)) = (args.write_baseline, &args.baseline) {
        std::fs::write(path, written.to_json())
            .map_err(|error| Failure::broken(format!("{}: {error}", path.display())))?;
        let count: usize = written.findings.iter().map(|known| known.count).sum();
        tell(&format!("{count} findings written to {}\n", path.display()))?;
        return Ok(SUCCESS);
    }
    output::show(&shown, &workspace, &args.format, left_out)?;
    Ok(if shown.iter().any(|finding| fails(finding, &args.fail_on)) { FOUND } else { SUCCESS })
}

/// What of the findings is told, and so what `--fix` puts right.
struct Told {
    changed_since: Option<String>,
    baseline: Option<Baseline>,
}

impl Told {
    /// Leaves in what is told; how many the baseline has.
    fn keep(&self, top: &Path, project: &Project, findings: &mut Vec<Finding>) -> Result<usize, Failure> {
        if let Some(revision) = &self.changed_since {
            changed::only_changed(top, revision, project, findings)?;
        }
        Ok(self.baseline.as_ref().map_or(0, |baseline| baseline.filter(project, &below(top), findings)))
    }
}

/// The way from here to a project that we do not stand in, with a slash at its end: a baseline can have findings of
/// several projects.
fn below(top: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let below = if here.starts_with(top) { Path::new("") } else { top.strip_prefix(&here).unwrap_or(top) };
    let below = below.to_string_lossy();
    if below.is_empty() { String::new() } else { format!("{below}/") }
}

fn fails(finding: &Finding, least: &str) -> bool {
    match least {
        "error" => finding.severity == span::Severity::Error,
        "warning" => finding.severity >= span::Severity::Warning,
        "never" => false,
        _ => true,
    }
}

fn options(args: &LintArgs) -> Result<Options, Failure> {
    for name in &args.rule {
        known_rule(name)?;
    }
    Ok(Options {
        profile: args.profile.as_deref().map(|profile| match profile {
            "correctness" => Profile::Correctness,
            "pedantic" => Profile::Pedantic,
            _ => Profile::Default,
        }),
        confidence: args.confidence.as_deref().map(|confidence| match confidence {
            "low" => Confidence::Low,
            "medium" => Confidence::Medium,
            _ => Confidence::High,
        }),
        only: args.rule.clone(),
        threads: 0,
    })
}

fn known_rule(name: &str) -> Result<Vec<&'static lint::Rule>, Failure> {
    let rules = lint::find_rules(name);
    if !rules.is_empty() {
        return Ok(rules);
    }
    let ids = lint::RULES.iter().map(|rule| rule.id);
    let failure = Failure::usage(format!("there is no rule `{name}`"));
    Err(match span::did_you_mean(name, ids) {
        Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
        None => failure.hint("trunkline lint --list-rules lists them"),
    })
}

fn explain(name: &str) -> Result<u8, Failure> {
    let pages: Vec<&str> = known_rule(name)?.iter().map(|rule| rule.page).collect();
    print(&pages.join("\n"))?;
    Ok(SUCCESS)
}

fn baseline(args: &LintArgs) -> Result<Option<Baseline>, Failure> {
    let Some(path) = args.baseline.as_ref().filter(|_| !args.write_baseline) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::missing(format!("{}: {error}", path.display())).hint("--write-baseline makes the file")
    })?;
    let baseline = Baseline::from_json(&text)
        .map_err(|why| Failure::invalid(format!("error: {} is no baseline: {why}", path.display())))?;
    Ok(Some(baseline))
}

/// To standard output; a reader that closes its end early is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match anstream::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::broken(error)),
        _ => Ok(()),
    }
}

fn tell(text: &str) -> Result<(), Failure> {
    anstream::stderr().lock().write_all(text.as_bytes()).map_err(Failure::broken)
}
