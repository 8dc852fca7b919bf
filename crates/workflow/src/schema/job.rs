//! Jobs: steps on a runner, or the call of a reusable workflow.

use super::{
    ANY, BOOLEAN, Def, Keys, Map, NAMES, NON_EMPTY, NON_EMPTY_LIST, TEXT, contexts, key, keys, named, required, step,
    workflow,
};

pub(super) static JOB: Def = Def::choice(Map::ByKey(&[("uses", &CALL_JOB), ("", &STEPS_JOB)]));

static STEPS_JOB: Keys = keys(
    "a job",
    &[
        key("needs", &NAMES),
        key("if", &IF),
        key("strategy", &STRATEGY),
        key("name", &LEG_TEXT),
        required("runs-on", &RUNS_ON),
        key("timeout-minutes", &LEG_NUMBER),
        key("cancel-timeout-minutes", &LEG_NUMBER),
        key("continue-on-error", &LEG_BOOLEAN),
        key("container", &CONTAINER),
        key("services", &SERVICES),
        key("env", &ENV),
        key("environment", &ENVIRONMENT),
        key("permissions", &workflow::PERMISSIONS),
        key("cache-mode", &workflow::CACHE_MODE),
        key("concurrency", &CONCURRENCY),
        key("outputs", &OUTPUTS),
        key("defaults", &DEFAULTS),
        key("steps", &step::STEPS),
        key("snapshot", &SNAPSHOT),
    ],
);

static CALL_JOB: Keys = keys(
    "a job that calls a reusable workflow",
    &[
        key("name", &LEG_TEXT),
        required("uses", &NON_EMPTY),
        key("with", &CALL_WITH),
        key("secrets", &CALL_SECRETS),
        key("needs", &NAMES),
        key("if", &IF),
        key("permissions", &workflow::PERMISSIONS),
        key("cache-mode", &workflow::CACHE_MODE),
        key("concurrency", &CONCURRENCY),
        key("strategy", &STRATEGY),
    ],
);

static IF: Def = Def::condition(&contexts::JOB_IF);
static LEG_TEXT: Def = Def::text().sees(&contexts::LEG);
static LEG_NUMBER: Def = Def::number().sees(&contexts::LEG);
static LEG_BOOLEAN: Def = Def::boolean().sees(&contexts::LEG);

static CALL_WITH: Def = Def::map(&CALL_WITH_KEYS);
static CALL_WITH_KEYS: Keys = named("`with`", &CALL_INPUT);
static CALL_INPUT: Def = Def::scalar().sees(&contexts::LEG);
static CALL_SECRETS: Def = Def::one_of(&["inherit"]).or_map(&CALL_SECRETS_KEYS);
static CALL_SECRETS_KEYS: Keys = named("`secrets`", &CALL_SECRET);
static CALL_SECRET: Def = Def::scalar().sees(&contexts::LEG_SECRETS);

static STRATEGY: Def = Def::map(&STRATEGY_KEYS).sees(&contexts::NEEDS);
static STRATEGY_KEYS: Keys =
    keys("`strategy`", &[key("fail-fast", &BOOLEAN), key("max-parallel", &NUMBER), key("matrix", &MATRIX)]);
static NUMBER: Def = Def::number();
static MATRIX: Def = Def::map(&MATRIX_KEYS);
static MATRIX_KEYS: Keys = Keys {
    what: "`matrix`",
    known: &[key("include", &FILTER), key("exclude", &FILTER)],
    other: Some(&AXIS),
    lenient: false,
};
static AXIS: Def = Def::list(&ANY);
static FILTER: Def = Def::list(&FILTER_ITEM);
static FILTER_ITEM: Def = Def::map(&FILTER_KEYS);
static FILTER_KEYS: Keys = named("a matrix entry", &ANY);

static RUNS_ON: Def = Def::non_empty().or_list(&NON_EMPTY).or_map(&RUNS_ON_KEYS).sees(&contexts::LEG);
static RUNS_ON_KEYS: Keys = keys("`runs-on`", &[key("group", &NON_EMPTY), key("labels", &NAMES)]);

static ENV: Def = Def::map(&ENV_KEYS).sees(&contexts::LEG_SECRETS);
static ENV_KEYS: Keys = named("`env`", &TEXT);

static ENVIRONMENT: Def = Def::text().or_map(&ENVIRONMENT_KEYS).sees(&contexts::LEG);
static ENVIRONMENT_KEYS: Keys =
    keys("`environment`", &[required("name", &LEG_TEXT), key("url", &URL), key("deployment", &BOOLEAN)]);
static URL: Def = Def::text().sees(&contexts::RUNNER_NO_SECRETS);

static CONCURRENCY: Def = Def::non_empty().or_map(&workflow::CONCURRENCY_KEYS).sees(&contexts::LEG);

static OUTPUTS: Def = Def::map(&OUTPUTS_KEYS);
static OUTPUTS_KEYS: Keys = named("`outputs`", &RUNNER_TEXT);
static RUNNER_TEXT: Def = Def::text().sees(&contexts::RUNNER);

static DEFAULTS: Def = Def::map(&DEFAULTS_KEYS);
static DEFAULTS_KEYS: Keys = keys("`defaults`", &[key("run", &DEFAULTS_RUN)]);
static DEFAULTS_RUN: Def = Def::map(&workflow::RUN_DEFAULTS).sees(&contexts::DEFAULTS);

static SNAPSHOT: Def = Def::non_empty().or_map(&SNAPSHOT_KEYS);
static SNAPSHOT_KEYS: Keys =
    keys("`snapshot`", &[required("image-name", &NON_EMPTY), key("if", &SNAPSHOT_IF), key("version", &NON_EMPTY)]);
static SNAPSHOT_IF: Def = Def::condition(&contexts::SNAPSHOT_IF);

static CONTAINER: Def = Def::text().or_map(&CONTAINER_KEYS).sees(&contexts::LEG);
static CONTAINER_KEYS: Keys = keys(
    "`container`",
    &[
        key("image", &NON_EMPTY),
        key("options", &TEXT),
        key("env", &CONTAINER_ENV),
        key("ports", &NON_EMPTY_LIST),
        key("volumes", &NON_EMPTY_LIST),
        key("credentials", &CREDENTIALS),
    ],
);
static SERVICES: Def = Def::map(&SERVICES_KEYS).sees(&contexts::LEG);
static SERVICES_KEYS: Keys = named("`services`", &SERVICE);
static SERVICE: Def = Def::non_empty().or_map(&SERVICE_KEYS).sees(&contexts::LEG);
static SERVICE_KEYS: Keys = keys(
    "a service",
    &[
        required("image", &NON_EMPTY),
        key("options", &TEXT),
        key("env", &CONTAINER_ENV),
        key("ports", &NON_EMPTY_LIST),
        key("volumes", &NON_EMPTY_LIST),
        key("credentials", &CREDENTIALS),
        key("entrypoint", &TEXT),
        key("command", &TEXT),
    ],
);
static CONTAINER_ENV: Def = Def::map(&CONTAINER_ENV_KEYS);
static CONTAINER_ENV_KEYS: Keys = named("`env`", &RUNNER_TEXT);
static CREDENTIALS: Def = Def::map(&CREDENTIALS_KEYS).sees(&contexts::CREDENTIALS);
static CREDENTIALS_KEYS: Keys = keys("`credentials`", &[key("username", &NON_EMPTY), key("password", &NON_EMPTY)]);
