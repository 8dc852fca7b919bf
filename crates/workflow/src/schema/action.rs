//! `action.yml`.

use super::{ANY, Def, Keys, Map, NON_EMPTY, TEXT, branding, contexts, key, keys, named, required};

pub(crate) static ACTION: Def = Def::map(&ACTION_KEYS);
/// `name` and `description` are asked for by GitHub's marketplace only.
static ACTION_KEYS: Keys = Keys {
    what: "an action",
    known: &[
        key("name", &NON_EMPTY),
        key("description", &TEXT),
        key("author", &TEXT),
        key("inputs", &INPUTS),
        key("outputs", &OUTPUTS),
        required("runs", &RUNS),
        key("branding", &BRANDING),
    ],
    other: None,
    lenient: true,
};

static INPUTS: Def = Def::map(&INPUTS_KEYS);
static INPUTS_KEYS: Keys = named("`inputs`", &INPUT);
/// An input without anything said about it is one all the same.
static INPUT: Def = Def::map(&INPUT_KEYS).or_null();
/// Other keys are let through: GitHub ignores them.
static INPUT_KEYS: Keys = Keys {
    what: "an input",
    known: &[
        key("description", &ADVICE_TEXT),
        key("required", &REQUIRED),
        key("default", &INPUT_DEFAULT),
        key("deprecationMessage", &ADVICE_TEXT),
    ],
    other: Some(&ANY),
    lenient: false,
};
/// Many actions say `required: "true"`, which GitHub lets through.
static REQUIRED: Def = Def::boolean().advice();
static ADVICE_TEXT: Def = Def::text().advice();
static INPUT_DEFAULT: Def = Def::text().sees(&contexts::ACTION_DEFAULT);

static OUTPUTS: Def = Def::map(&OUTPUTS_KEYS);
static OUTPUTS_KEYS: Keys = named("`outputs`", &OUTPUT);
static OUTPUT: Def = Def::map(&OUTPUT_KEYS).or_null();
static OUTPUT_KEYS: Keys = keys("an output", &[key("description", &TEXT), key("value", &OUTPUT_VALUE)]);
static OUTPUT_VALUE: Def = Def::text().sees(&contexts::ACTION_OUTPUT);

static RUNS: Def = Def::choice(Map::ByValue(
    "using",
    &[(&["node12", "node16", "node20", "node24"], &NODE), (&["composite"], &COMPOSITE), (&["docker"], &DOCKER)],
));

static NODE: Keys = keys(
    "a JavaScript action's `runs`",
    &[
        required("using", &NON_EMPTY),
        required("main", &NON_EMPTY),
        key("pre", &NON_EMPTY),
        key("pre-if", &RUNS_IF),
        key("post", &NON_EMPTY),
        key("post-if", &RUNS_IF),
    ],
);
static COMPOSITE: Keys =
    keys("a composite action's `runs`", &[required("using", &NON_EMPTY), required("steps", &STEPS)]);
static DOCKER: Keys = keys(
    "a Docker action's `runs`",
    &[
        required("using", &NON_EMPTY),
        required("image", &NON_EMPTY),
        key("entrypoint", &NON_EMPTY),
        key("args", &ARGS),
        key("env", &DOCKER_ENV),
        key("pre-entrypoint", &NON_EMPTY),
        key("pre-if", &RUNS_IF),
        key("post-entrypoint", &NON_EMPTY),
        key("post-if", &RUNS_IF),
    ],
);
static RUNS_IF: Def = Def::condition(&contexts::ACTION_RUNS_IF);
static ARGS: Def = Def::list(&ARG);
static ARG: Def = Def::text().sees(&contexts::ACTION_INPUTS);
static DOCKER_ENV: Def = Def::map(&DOCKER_ENV_KEYS).sees(&contexts::ACTION_INPUTS);
static DOCKER_ENV_KEYS: Keys = named("`env`", &TEXT);

static STEPS: Def = Def::list(&STEP);
static STEP: Def = Def::choice(Map::ByKey(&[("run", &RUN), ("uses", &USES)]));
static RUN: Keys = keys(
    "a `run` step of a composite action",
    &[
        key("name", &STEP_TEXT),
        key("id", &NON_EMPTY),
        key("if", &STEP_IF),
        required("run", &STEP_TEXT),
        required("shell", &STEP_TEXT),
        key("env", &ENV),
        key("continue-on-error", &STEP_BOOLEAN),
        key("working-directory", &STEP_TEXT),
    ],
);
static USES: Keys = keys(
    "a `uses` step of a composite action",
    &[
        key("name", &STEP_TEXT),
        key("id", &NON_EMPTY),
        key("if", &STEP_IF),
        required("uses", &NON_EMPTY),
        key("with", &WITH),
        key("env", &ENV),
        key("continue-on-error", &STEP_BOOLEAN),
    ],
);
static STEP_TEXT: Def = Def::text().sees(&contexts::ACTION_STEP);
static STEP_BOOLEAN: Def = Def::boolean().sees(&contexts::ACTION_STEP);
static STEP_IF: Def = Def::condition(&contexts::ACTION_STEP_IF);
static ENV: Def = Def::map(&ENV_KEYS).sees(&contexts::ACTION_STEP);
static ENV_KEYS: Keys = named("`env`", &TEXT);
static WITH: Def = Def::map(&WITH_KEYS).sees(&contexts::ACTION_STEP);
static WITH_KEYS: Keys = named("`with`", &TEXT);

static BRANDING: Def = Def::map(&BRANDING_KEYS).advice();
static BRANDING_KEYS: Keys = keys("`branding`", &[key("icon", &ICON), key("color", &COLOR)]);
static ICON: Def = Def::one_of(branding::ICONS);
static COLOR: Def = Def::one_of(branding::COLORS);
