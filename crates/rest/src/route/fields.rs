//! Fields of the objects that answers are made of: what their readers can count on. There are more than these.

use super::schema::{Field, Kind};

const fn text(name: &'static str) -> Field {
    Field::required(name, Kind::String)
}

const fn maybe_text(name: &'static str) -> Field {
    Field { name, kind: Kind::String, required: true, nullable: true }
}

const fn number(name: &'static str) -> Field {
    Field::required(name, Kind::Integer)
}

const fn maybe_number(name: &'static str) -> Field {
    Field { name, kind: Kind::Integer, required: true, nullable: true }
}

const fn flag(name: &'static str) -> Field {
    Field::required(name, Kind::Boolean)
}

const fn object(name: &'static str, fields: &'static [Field]) -> Field {
    Field::required(name, Kind::Object(fields))
}

pub(crate) const SIMPLE_USER: &[Field] =
    &[text("login"), number("id"), text("node_id"), text("url"), text("html_url"), text("type"), flag("site_admin")];

pub(crate) const ORGANIZATION: &[Field] =
    &[text("login"), number("id"), text("node_id"), text("url"), maybe_text("description")];

pub(crate) const MEMBERSHIP: &[Field] =
    &[text("url"), text("state"), text("role"), object("organization", ORGANIZATION), object("user", SIMPLE_USER)];

pub(crate) const TEAM: &[Field] = &[
    number("id"),
    text("node_id"),
    text("name"),
    text("slug"),
    maybe_text("description"),
    text("privacy"),
    text("permission"),
    text("url"),
];

pub(crate) const TEAM_MEMBERSHIP: &[Field] = &[text("url"), text("role"), text("state")];

const PERMISSIONS: &[Field] = &[flag("admin"), flag("maintain"), flag("push"), flag("triage"), flag("pull")];

pub(crate) const COLLABORATOR: &[Field] =
    &[text("login"), number("id"), text("role_name"), object("permissions", PERMISSIONS)];

pub(crate) const COLLABORATOR_PERMISSION: &[Field] =
    &[text("permission"), text("role_name"), object("user", COLLABORATOR)];

pub(crate) const TOKEN: &[Field] = &[
    number("id"),
    text("name"),
    text("kind"),
    text("hint"),
    Field::required("scopes", Kind::Array(&Kind::String)),
    maybe_number("owner_id"),
    object("permissions", &[]),
    text("created_at"),
    maybe_text("last_used_at"),
    maybe_text("expires_at"),
];

pub(crate) const AUDIT_ENTRY: &[Field] = &[
    number("@timestamp"),
    text("_document_id"),
    text("action"),
    text("actor"),
    text("actor_kind"),
    flag("allowed"),
    text("subject"),
    maybe_number("repo_id"),
    maybe_number("org_id"),
    object("details", &[]),
    text("hash"),
];

pub(crate) const PUBLIC_KEY: &[Field] = &[text("key_id"), text("key")];

pub(crate) const SECRET: &[Field] = &[text("name"), text("created_at"), text("updated_at")];

pub(crate) const VARIABLE: &[Field] = &[text("name"), text("value"), text("created_at"), text("updated_at")];

pub(crate) const RUNNER_TOKEN: &[Field] = &[text("token"), text("expires_at")];

pub(crate) const RUNNER: &[Field] = &[
    number("id"),
    text("name"),
    text("os"),
    text("status"),
    flag("busy"),
    flag("ephemeral"),
    Field::required("labels", Kind::Array(&Kind::Object(&[text("name"), text("type")]))),
];

pub(crate) const RUNNER_GROUP: &[Field] =
    &[number("id"), text("name"), text("visibility"), flag("default"), text("runners_url")];

pub(crate) const ENVIRONMENT: &[Field] = &[
    number("id"),
    text("node_id"),
    text("name"),
    text("url"),
    text("created_at"),
    text("updated_at"),
    Field::required("protection_rules", Kind::Array(&Kind::Object(&[number("id"), text("type")]))),
];

pub(crate) const BRANCH_POLICY: &[Field] = &[number("id"), text("name"), text("type")];

pub(crate) const GATE: &[Field] = &[number("id"), flag("enabled"), text("name"), text("url")];

pub(crate) const WORKFLOW: &[Field] = &[
    number("id"),
    text("node_id"),
    text("name"),
    text("path"),
    text("state"),
    text("created_at"),
    text("updated_at"),
    text("url"),
];

pub(crate) const RUN: &[Field] = &[
    number("id"),
    text("name"),
    text("path"),
    text("display_title"),
    number("run_number"),
    number("run_attempt"),
    text("event"),
    text("status"),
    maybe_text("conclusion"),
    number("workflow_id"),
    maybe_text("head_branch"),
    text("head_sha"),
    text("url"),
    text("jobs_url"),
    text("created_at"),
    text("updated_at"),
];

pub(crate) const JOB: &[Field] = &[
    number("id"),
    number("run_id"),
    number("run_attempt"),
    text("name"),
    text("status"),
    maybe_text("conclusion"),
    Field::required("labels", Kind::Array(&Kind::String)),
    Field::required("steps", Kind::Array(&Kind::Object(&[text("name"), number("number"), text("status")]))),
    text("url"),
];

pub(crate) const PENDING_DEPLOYMENT: &[Field] =
    &[object("environment", &[number("id"), text("name")]), number("wait_timer"), flag("current_user_can_approve")];

pub(crate) const DEPLOYMENT: &[Field] = &[
    number("id"),
    text("sha"),
    text("ref"),
    text("task"),
    text("environment"),
    text("description"),
    text("created_at"),
    text("updated_at"),
    text("url"),
];

pub(crate) const DEPLOYMENT_STATUS: &[Field] =
    &[number("id"), text("state"), text("description"), text("environment"), text("created_at"), text("url")];
// Of the forge.

pub(crate) const REPOSITORY: &[Field] = &[
    number("id"),
    text("node_id"),
    text("name"),
    text("full_name"),
    flag("private"),
    object("owner", SIMPLE_USER),
    maybe_text("description"),
    flag("fork"),
    text("url"),
    text("html_url"),
    text("clone_url"),
    text("default_branch"),
    text("visibility"),
    flag("archived"),
];

pub(crate) const BRANCH: &[Field] = &[text("name"), object("commit", &[text("sha"), text("url")]), flag("protected")];

pub(crate) const PROTECTION: &[Field] =
    &[text("url"), object("enforce_admins", &[flag("enabled")]), object("allow_force_pushes", &[flag("enabled")])];

pub(crate) const COMMIT: &[Field] =
    &[text("sha"), text("url"), text("html_url"), object("commit", &[text("message"), text("url")])];

pub(crate) const GIT_COMMIT: &[Field] =
    &[text("sha"), text("url"), text("message"), object("tree", &[text("sha"), text("url")])];

pub(crate) const GIT_REF: &[Field] =
    &[text("ref"), text("url"), object("object", &[text("sha"), text("type"), text("url")])];

pub(crate) const CONTENT: &[Field] = &[object("commit", GIT_COMMIT)];

pub(crate) const STATUS: &[Field] = &[
    number("id"),
    text("state"),
    text("context"),
    maybe_text("description"),
    maybe_text("target_url"),
    text("created_at"),
];

pub(crate) const CHECK_RUN: &[Field] = &[
    number("id"),
    text("name"),
    text("head_sha"),
    text("status"),
    maybe_text("conclusion"),
    text("url"),
    object("check_suite", &[number("id")]),
];

pub(crate) const CHECK_SUITE: &[Field] =
    &[number("id"), text("head_sha"), text("status"), maybe_text("conclusion"), text("url")];

pub(crate) const LABEL: &[Field] =
    &[number("id"), text("node_id"), text("name"), text("color"), text("url"), maybe_text("description")];

pub(crate) const ISSUE: &[Field] = &[
    number("id"),
    text("node_id"),
    number("number"),
    text("title"),
    text("state"),
    object("user", SIMPLE_USER),
    Field::required("labels", Kind::Array(&Kind::Object(LABEL))),
    text("url"),
    text("html_url"),
    text("created_at"),
];

pub(crate) const COMMENT: &[Field] =
    &[number("id"), text("node_id"), text("url"), text("body"), object("user", SIMPLE_USER), text("created_at")];

const END: &[Field] = &[text("label"), text("ref"), text("sha")];

pub(crate) const PULL: &[Field] = &[
    number("id"),
    text("node_id"),
    number("number"),
    text("title"),
    text("state"),
    flag("draft"),
    object("user", SIMPLE_USER),
    object("head", END),
    object("base", END),
    text("url"),
    text("html_url"),
    maybe_text("merged_at"),
    maybe_text("merge_commit_sha"),
];

pub(crate) const REVIEW: &[Field] =
    &[number("id"), text("state"), text("body"), object("user", SIMPLE_USER), text("commit_id")];

pub(crate) const REVIEW_COMMENT: &[Field] =
    &[number("id"), text("path"), text("body"), text("commit_id"), maybe_number("line"), object("user", SIMPLE_USER)];

pub(crate) const ASSET: &[Field] =
    &[number("id"), text("name"), text("state"), number("size"), text("content_type"), text("browser_download_url")];

pub(crate) const RELEASE: &[Field] = &[
    number("id"),
    text("tag_name"),
    text("target_commitish"),
    text("name"),
    flag("draft"),
    flag("prerelease"),
    text("upload_url"),
    Field::required("assets", Kind::Array(&Kind::Object(ASSET))),
];

pub(crate) const HOOK: &[Field] = &[
    number("id"),
    text("name"),
    flag("active"),
    Field::required("events", Kind::Array(&Kind::String)),
    object("config", &[text("url"), text("content_type")]),
];

pub(crate) const DELIVERY: &[Field] =
    &[number("id"), text("guid"), text("event"), flag("redelivery"), text("status"), number("status_code")];

pub(crate) const ARTIFACT: &[Field] = &[
    number("id"),
    text("name"),
    number("size_in_bytes"),
    text("url"),
    text("archive_download_url"),
    flag("expired"),
    text("created_at"),
    text("expires_at"),
];

pub(crate) const CACHE: &[Field] = &[
    number("id"),
    text("ref"),
    text("key"),
    text("version"),
    text("created_at"),
    text("last_accessed_at"),
    number("size_in_bytes"),
];
