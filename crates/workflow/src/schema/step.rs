//! Steps of a job.

use super::{BOOLEAN, Def, Keys, Map, NAMES, NON_EMPTY, TEXT, contexts, key, keys, named, required};

pub(super) static STEPS: Def = Def::list(&STEP);
static STEP: Def = Def::choice(Map::ByKey(&[
    ("run", &RUN),
    ("uses", &USES),
    ("wait", &WAIT),
    ("wait-all", &WAIT_ALL),
    ("cancel", &CANCEL),
    ("parallel", &PARALLEL),
]));

static RUN: Keys = keys(
    "a `run` step",
    &[
        key("name", &STEP_TEXT),
        key("id", &NON_EMPTY),
        key("if", &IF),
        key("timeout-minutes", &STEP_NUMBER),
        required("run", &STEP_TEXT),
        key("continue-on-error", &STEP_BOOLEAN),
        key("env", &ENV),
        key("working-directory", &STEP_TEXT),
        key("shell", &NON_EMPTY),
        key("background", &BOOLEAN),
    ],
);
static USES: Keys = keys(
    "a `uses` step",
    &[
        key("name", &STEP_TEXT),
        key("id", &NON_EMPTY),
        key("if", &IF),
        key("continue-on-error", &STEP_BOOLEAN),
        key("timeout-minutes", &STEP_NUMBER),
        required("uses", &NON_EMPTY),
        key("with", &WITH),
        key("env", &ENV),
        key("background", &BOOLEAN),
    ],
);
static WAIT: Keys = keys(
    "a `wait` step",
    &[
        key("name", &STEP_TEXT),
        key("id", &NON_EMPTY),
        key("continue-on-error", &STEP_BOOLEAN),
        required("wait", &NAMES),
    ],
);
static WAIT_ALL: Keys = keys(
    "a `wait-all` step",
    &[
        key("name", &STEP_TEXT),
        key("id", &NON_EMPTY),
        key("continue-on-error", &STEP_BOOLEAN),
        required("wait-all", &WAIT_ALL_VALUE),
    ],
);
static CANCEL: Keys = keys(
    "a `cancel` step",
    &[
        key("name", &STEP_TEXT),
        key("id", &NON_EMPTY),
        key("continue-on-error", &STEP_BOOLEAN),
        required("cancel", &NON_EMPTY),
    ],
);
static PARALLEL: Keys = keys("a `parallel` step", &[required("parallel", &STEPS)]);

static WAIT_ALL_VALUE: Def = Def::boolean().or_null();
static IF: Def = Def::condition(&contexts::STEP_IF);
static STEP_TEXT: Def = Def::text().sees(&contexts::STEP);
static STEP_NUMBER: Def = Def::number().sees(&contexts::STEP);
static STEP_BOOLEAN: Def = Def::boolean().sees(&contexts::STEP);
static ENV: Def = Def::map(&ENV_KEYS).sees(&contexts::STEP);
static ENV_KEYS: Keys = named("`env`", &TEXT);
static WITH: Def = Def::map(&WITH_KEYS).sees(&contexts::STEP);
static WITH_KEYS: Keys = named("`with`", &TEXT);
