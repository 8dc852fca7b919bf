//! What GitHub refuses in a workflow or action file, and what is empty in it without a word. Found when a file is read.

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    reading!("workflow/empty-file", Error, ["actionlint:syntax-check"], "the file holds nothing"),
    reading!("workflow/unknown-key", Error, ["actionlint:syntax-check"], "no such key exists here"),
    reading!("workflow/missing-key", Error, ["actionlint:syntax-check"], "a key that has to be there is not"),
    reading!(
        "workflow/duplicate-key",
        Error,
        ["actionlint:syntax-check"],
        "two keys differ in case only, which makes them the same key"
    ),
    reading!(
        "workflow/conflicting-keys",
        Error,
        ["actionlint:syntax-check"],
        "the key exists, but not next to another one that is there"
    ),
    reading!(
        "workflow/wrong-type",
        Error,
        ["actionlint:syntax-check"],
        "a value is of another kind than the key takes"
    ),
    reading!(
        "workflow/unknown-value",
        Error,
        ["actionlint:syntax-check", "actionlint:events", "actionlint:permissions"],
        "the value is none of those that are possible"
    ),
    reading!("workflow/empty-value", Error, ["actionlint:syntax-check"], "nothing stands where something has to"),
    reading!(
        "workflow/invalid-expression",
        Error,
        ["actionlint:expression"],
        "what stands in `${{ }}` or `if` is no expression, or names what is not known here"
    ),
    reading!("workflow/expression-not-allowed", Error, ["actionlint:expression"], "no expression can stand here"),
    reading!(
        "workflow/condition-always-true",
        Warning,
        ["actionlint:if-cond", "zizmor:unsound-condition"],
        "text around `${{ }}` makes a condition true whatever it says"
    ),
    reading!("workflow/invalid-id", Error, ["actionlint:id"], "an id is malformed"),
    reading!("workflow/duplicate-id", Error, ["actionlint:id"], "two steps of a job have the same id"),
    reading!("workflow/no-jobs", Error, ["actionlint:syntax-check"], "`jobs` is empty"),
    reading!("workflow/unknown-need", Error, ["actionlint:job-needs"], "`needs` names a job that does not exist"),
    reading!("workflow/duplicate-need", Warning, ["actionlint:job-needs"], "`needs` names a job twice"),
    reading!("workflow/need-cycle", Error, ["actionlint:job-needs"], "jobs wait for each other in a circle"),
    reading!(
        "workflow/exclusive-filters",
        Error,
        ["actionlint:events"],
        "a filter and its `-ignore` stand under one event"
    ),
    reading!(
        "workflow/only-negative-filter",
        Error,
        ["actionlint:events"],
        "every pattern of a filter starts with `!`, so that nothing matches"
    ),
    reading!(
        "workflow/invalid-pattern",
        Error,
        ["actionlint:glob"],
        "a branch, tag or path pattern is malformed or cannot match"
    ),
    reading!("workflow/invalid-cron", Error, ["actionlint:events"], "a schedule is not five fields of POSIX cron"),
    reading!(
        "workflow/frequent-cron",
        Warning,
        ["actionlint:events"],
        "a schedule asks for runs more often than every five minutes"
    ),
    reading!(
        "workflow/invalid-timezone",
        Error,
        ["actionlint:events"],
        "a time zone does not have the form of an IANA name"
    ),
    reading!("workflow/duplicate-event", Warning, ["actionlint:events"], "`on` names an event twice"),
    reading!("workflow/invalid-input", Error, ["actionlint:events"], "the `options` of an input do not fit its type"),
    reading!(
        "workflow/input-default",
        Error,
        ["actionlint:events"],
        "the default of an input is not of its type, or none of its options"
    ),
    reading!(
        "workflow/invalid-uses",
        Error,
        ["actionlint:action", "actionlint:workflow-call"],
        "`uses` names no action and no workflow"
    ),
    reading!(
        "workflow/invalid-shell",
        Error,
        ["actionlint:shell-name"],
        "the shell is none that GitHub knows, and no command with `{0}`"
    ),
    reading!(
        "workflow/invalid-runs-on",
        Error,
        ["actionlint:runner-label"],
        "`runs-on` names no runner, or its group is malformed"
    ),
    reading!(
        "workflow/invalid-concurrency",
        Error,
        ["actionlint:syntax-check"],
        "a concurrency group has no name, or one of more than 400 characters"
    ),
    reading!("workflow/invalid-container", Error, ["actionlint:syntax-check"], "a container or service has no image"),
    reading!("workflow/invalid-snapshot", Error, [], "the version of a snapshot is not `<major>.*`"),
    reading!("workflow/invalid-number", Error, ["actionlint:syntax-check"], "a number is out of its range"),
    reading!(
        "workflow/invalid-wait",
        Error,
        [],
        "`wait` or `cancel` names a step that does not come before, or does not run in the background"
    ),
    reading!("workflow/invalid-parallel", Error, [], "a step in a `parallel` block says what it cannot"),
    reading!(
        "workflow/invalid-matrix",
        Error,
        ["actionlint:matrix"],
        "the matrix makes no job, has an empty axis, or excludes by a key that is no axis"
    ),
    reading!("workflow/matrix-too-large", Error, ["actionlint:matrix"], "the matrix makes more than 256 jobs"),
    reading!(
        "workflow/unknown-step",
        Warning,
        ["actionlint:expression"],
        "`steps.<id>` names no step that comes before, or a property that steps do not have"
    ),
    reading!(
        "workflow/unknown-needs-context",
        Warning,
        ["actionlint:expression"],
        "`needs.<id>` names a job that is not in this job's `needs`"
    ),
    reading!(
        "workflow/unknown-matrix-key",
        Warning,
        ["actionlint:expression"],
        "`matrix.<key>` names a key that no leg has"
    ),
    reading!(
        "workflow/unknown-input",
        Warning,
        ["actionlint:expression"],
        "`inputs.<name>` names an input that is not declared"
    ),
    reading!(
        "workflow/unknown-job",
        Warning,
        ["actionlint:expression"],
        "an output of a reusable workflow reads a job that does not exist"
    ),
    reading!(
        "workflow/unknown-output",
        Warning,
        ["actionlint:expression"],
        "an expression reads an output that the job does not declare"
    ),
];
