//! The root of a workflow file.

use super::{BOOLEAN, Def, Keys, NON_EMPTY, TEXT, contexts, events, job, key, keys, named, required};

pub(crate) static WORKFLOW: Def = Def::map(&WORKFLOW_KEYS);
static WORKFLOW_KEYS: Keys = keys(
    "a workflow",
    &[
        required("on", &events::ON),
        key("name", &TEXT),
        key("description", &TEXT),
        key("run-name", &RUN_NAME),
        key("defaults", &DEFAULTS),
        key("env", &ENV),
        key("permissions", &PERMISSIONS),
        key("cache-mode", &CACHE_MODE),
        key("concurrency", &CONCURRENCY),
        required("jobs", &JOBS),
    ],
);

static RUN_NAME: Def = Def::text().sees(&contexts::RUN);
static ENV: Def = Def::map(&ENV_KEYS).sees(&contexts::RUN_SECRETS);
static ENV_KEYS: Keys = named("`env`", &TEXT);
static JOBS: Def = Def::map(&JOBS_KEYS);
static JOBS_KEYS: Keys = named("`jobs`", &job::JOB);

static DEFAULTS: Def = Def::map(&DEFAULTS_KEYS);
static DEFAULTS_KEYS: Keys = keys("`defaults`", &[key("run", &DEFAULTS_RUN)]);
static DEFAULTS_RUN: Def = Def::map(&RUN_DEFAULTS);
pub(super) static RUN_DEFAULTS: Keys =
    keys("`defaults.run`", &[key("shell", &NON_EMPTY), key("working-directory", &NON_EMPTY)]);

static CONCURRENCY: Def = Def::text().or_map(&CONCURRENCY_KEYS).sees(&contexts::RUN);
pub(super) static CONCURRENCY_KEYS: Keys =
    keys("`concurrency`", &[required("group", &NON_EMPTY), key("cancel-in-progress", &BOOLEAN), key("queue", &QUEUE)]);
static QUEUE: Def = Def::one_of(&["single", "max"]);

pub(super) static CACHE_MODE: Def = Def::one_of(&["read", "write", "write-only", "none"]);

pub(super) static PERMISSIONS: Def = Def::one_of(&["read-all", "write-all"]).or_map(&SCOPES);
static LEVEL: Def = Def::one_of(&["read", "write", "none"]);
static READ_LEVEL: Def = Def::one_of(&["read", "none"]);
static WRITE_LEVEL: Def = Def::one_of(&["write", "none"]);
pub(crate) static SCOPES: Keys = keys(
    "`permissions`",
    &[
        key("actions", &LEVEL),
        key("artifact-metadata", &LEVEL),
        key("attestations", &LEVEL),
        key("checks", &LEVEL),
        key("code-quality", &LEVEL),
        key("contents", &LEVEL),
        key("copilot-requests", &WRITE_LEVEL),
        key("deployments", &LEVEL),
        key("discussions", &LEVEL),
        key("drives", &LEVEL),
        key("id-token", &WRITE_LEVEL),
        key("issues", &LEVEL),
        key("models", &READ_LEVEL),
        key("packages", &LEVEL),
        key("pages", &LEVEL),
        key("pull-requests", &LEVEL),
        key("repository-projects", &LEVEL),
        key("security-events", &LEVEL),
        key("statuses", &LEVEL),
        key("vulnerability-alerts", &READ_LEVEL),
    ],
);
