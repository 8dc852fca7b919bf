//! What is dangerous: what strangers can make a workflow do, and what it trusts without need.

mod adhoc_packages;
mod agentic_actions;
mod archived_uses;
mod artipacked;
mod bot_conditions;
mod cache_poisoning;
mod dangerous_triggers;
mod dead_action_version;
mod dependabot_cooldown;
mod dependabot_execution;
mod excessive_permissions;
mod forbidden_uses;
mod github_app;
mod github_env;
mod hardcoded_container_credentials;
mod insecure_commands;
mod misfeature;
mod obfuscation;
mod overprovisioned_secrets;
mod piped_download;
mod ref_version_mismatch;
mod repojacking;
mod secrets_inherit;
mod secrets_outside_env;
mod self_hosted_runner;
mod template_injection;
mod typosquat_uses;
mod unpinned_images;
mod unpinned_tools;
mod unpinned_uses;
mod unredacted_secrets;
mod unsound_contains;
mod untrusted_artifact;
mod untrusted_checkout;
mod use_trusted_publishing;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    &adhoc_packages::RULE,
    &agentic_actions::RULE,
    &archived_uses::RULE,
    &artipacked::RULE,
    &bot_conditions::RULE,
    &cache_poisoning::RULE,
    &dangerous_triggers::RULE,
    &dead_action_version::RULE,
    &dependabot_cooldown::RULE,
    &dependabot_execution::RULE,
    &excessive_permissions::RULE,
    &forbidden_uses::RULE,
    &github_app::RULE,
    &github_env::RULE,
    &hardcoded_container_credentials::RULE,
    &insecure_commands::RULE,
    &misfeature::RULE,
    &obfuscation::RULE,
    &overprovisioned_secrets::RULE,
    &piped_download::RULE,
    &ref_version_mismatch::RULE,
    &repojacking::RULE,
    &secrets_inherit::RULE,
    &secrets_outside_env::RULE,
    &self_hosted_runner::RULE,
    &template_injection::RULE,
    &typosquat_uses::RULE,
    &unpinned_images::RULE,
    &unpinned_tools::RULE,
    &unpinned_uses::RULE,
    &unredacted_secrets::RULE,
    &unsound_contains::RULE,
    &untrusted_artifact::RULE,
    &untrusted_checkout::RULE,
    &use_trusted_publishing::RULE,
];
