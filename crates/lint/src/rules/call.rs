//! Calls of reusable workflows held against what is called.

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    reading!("call/not-found", Error, ["actionlint:workflow-call"], "the called workflow does not exist"),
    reading!("call/not-reusable", Error, ["actionlint:workflow-call"], "the called workflow has no `on.workflow_call`"),
    reading!(
        "call/unknown-input",
        Error,
        ["actionlint:workflow-call"],
        "`with` names an input that the called workflow does not declare"
    ),
    reading!(
        "call/missing-input",
        Error,
        ["actionlint:workflow-call"],
        "a required input of the called workflow is not given"
    ),
    reading!(
        "call/input-type",
        Error,
        ["actionlint:workflow-call"],
        "a value is not of the type that the called workflow declares"
    ),
    reading!(
        "call/unknown-secret",
        Error,
        ["actionlint:workflow-call"],
        "`secrets` names a secret that the called workflow does not declare"
    ),
    reading!(
        "call/missing-secret",
        Error,
        ["actionlint:workflow-call"],
        "a required secret of the called workflow is not given"
    ),
    reading!("call/cycle", Error, ["actionlint:workflow-call"], "workflows call each other in a circle"),
    reading!("call/too-deep", Error, ["actionlint:workflow-call"], "more than ten workflows call each other in a row"),
    reading!(
        "call/permissions",
        Error,
        ["actionlint:workflow-call", "jactionlint:workflow-call-permissions"],
        "the called workflow asks for more permissions than the calling job has"
    ),
    reading!("call/too-many-files", Error, [], "a run needs more than 51 workflow files"),
];
