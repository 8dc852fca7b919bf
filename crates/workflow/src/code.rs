//! The codes of every diagnostic made here. Each has its line in `docs/reference/diagnostics.md`.

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])* pub(crate) const $name: &str = $code;)*
        /// Every code this crate emits.
        pub const CODES: &[&str] = &[$($code),*];
    };
}

codes! {
    EMPTY_FILE = "workflow/empty-file";
    UNKNOWN_KEY = "workflow/unknown-key";
    MISSING_KEY = "workflow/missing-key";
    DUPLICATE_KEY = "workflow/duplicate-key";
    CONFLICTING_KEYS = "workflow/conflicting-keys";
    WRONG_TYPE = "workflow/wrong-type";
    UNKNOWN_VALUE = "workflow/unknown-value";
    EMPTY_VALUE = "workflow/empty-value";
    INVALID_EXPRESSION = "workflow/invalid-expression";
    EXPRESSION_NOT_ALLOWED = "workflow/expression-not-allowed";
    ALWAYS_TRUE = "workflow/condition-always-true";
    INVALID_ID = "workflow/invalid-id";
    DUPLICATE_ID = "workflow/duplicate-id";
    NO_JOBS = "workflow/no-jobs";
    UNKNOWN_NEED = "workflow/unknown-need";
    DUPLICATE_NEED = "workflow/duplicate-need";
    NEED_CYCLE = "workflow/need-cycle";
    EXCLUSIVE_FILTERS = "workflow/exclusive-filters";
    ONLY_NEGATIVE_FILTER = "workflow/only-negative-filter";
    INVALID_PATTERN = "workflow/invalid-pattern";
    INVALID_CRON = "workflow/invalid-cron";
    FREQUENT_CRON = "workflow/frequent-cron";
    INVALID_TIMEZONE = "workflow/invalid-timezone";
    DUPLICATE_EVENT = "workflow/duplicate-event";
    INVALID_INPUT = "workflow/invalid-input";
    INPUT_DEFAULT = "workflow/input-default";
    INVALID_USES = "workflow/invalid-uses";
    INVALID_SHELL = "workflow/invalid-shell";
    INVALID_RUNS_ON = "workflow/invalid-runs-on";
    INVALID_CONCURRENCY = "workflow/invalid-concurrency";
    INVALID_CONTAINER = "workflow/invalid-container";
    INVALID_SNAPSHOT = "workflow/invalid-snapshot";
    INVALID_NUMBER = "workflow/invalid-number";
    INVALID_WAIT = "workflow/invalid-wait";
    INVALID_PARALLEL = "workflow/invalid-parallel";
    INVALID_MATRIX = "workflow/invalid-matrix";
    MATRIX_TOO_LARGE = "workflow/matrix-too-large";
    UNKNOWN_STEP = "workflow/unknown-step";
    UNKNOWN_NEEDS_CONTEXT = "workflow/unknown-needs-context";
    UNKNOWN_MATRIX_KEY = "workflow/unknown-matrix-key";
    UNKNOWN_INPUT = "workflow/unknown-input";
    UNKNOWN_JOB = "workflow/unknown-job";
    UNKNOWN_OUTPUT = "workflow/unknown-output";
    TOO_MANY_DIAGNOSTICS = "workflow/too-many-diagnostics";
    CALL_NOT_REUSABLE = "call/not-reusable";
    CALL_UNKNOWN_INPUT = "call/unknown-input";
    CALL_MISSING_INPUT = "call/missing-input";
    CALL_INPUT_TYPE = "call/input-type";
    CALL_UNKNOWN_SECRET = "call/unknown-secret";
    CALL_MISSING_SECRET = "call/missing-secret";
    CALL_CYCLE = "call/cycle";
    CALL_TOO_DEEP = "call/too-deep";
    CALL_TOO_MANY_FILES = "call/too-many-files";
    CALL_PERMISSIONS = "call/permissions";
    ACTION_MISSING_INPUT = "action/missing-input";
    ACTION_UNKNOWN_INPUT = "action/unknown-input";
    ACTION_DEPRECATED_INPUT = "action/deprecated-input";
}
