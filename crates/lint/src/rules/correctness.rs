//! What is wrong: it cannot run, or does not do what it says.

mod concurrency_deadlock;
mod conflicting_runner_labels;
mod constant_condition;
mod deprecated_command;
mod deprecated_runner_label;
mod duplicate_triggers;
mod event_never_received;
mod gh_without_token;
mod github_script_syntax;
mod invalid_env_name;
mod invisible_characters;
mod local_action_checkout;
mod macos_gnu_flags;
mod malformed_expression;
mod matrix_duplicate_value;
mod matrix_exclude_nothing;
mod missing_timeout;
mod multiline_plain_run;
mod outdated_action_runtime;
mod outdated_runtime;
mod pipeline_without_pipefail;
mod queue_with_cancel;
mod required_with_default;
mod result_never_failure;
mod schedule_without_cron;
mod shell_not_on_runner;
mod too_many_inputs;
mod trailing_newline;
mod unknown_payload_field;
mod unknown_runner_label;
mod unknown_timezone;
mod unreachable_job;
mod unreachable_step;
mod unused_input;
mod unused_job_output;
mod unused_needs;
mod workflow_run_name;

use crate::rule::Rule;

pub(super) const RULES: &[&Rule] = &[
    &concurrency_deadlock::RULE,
    &conflicting_runner_labels::RULE,
    &constant_condition::RULE,
    &deprecated_command::RULE,
    &deprecated_runner_label::RULE,
    &duplicate_triggers::RULE,
    &event_never_received::RULE,
    &gh_without_token::RULE,
    &github_script_syntax::RULE,
    &invalid_env_name::RULE,
    &invisible_characters::RULE,
    &local_action_checkout::RULE,
    &macos_gnu_flags::RULE,
    &malformed_expression::RULE,
    &matrix_duplicate_value::RULE,
    &matrix_exclude_nothing::RULE,
    &missing_timeout::RULE,
    &multiline_plain_run::RULE,
    &outdated_action_runtime::RULE,
    &outdated_runtime::RULE,
    &pipeline_without_pipefail::RULE,
    &queue_with_cancel::RULE,
    &required_with_default::RULE,
    &result_never_failure::RULE,
    &schedule_without_cron::RULE,
    &shell_not_on_runner::RULE,
    &too_many_inputs::RULE,
    &trailing_newline::RULE,
    &unknown_payload_field::RULE,
    &unknown_runner_label::RULE,
    &unknown_timezone::RULE,
    &unreachable_job::RULE,
    &unreachable_step::RULE,
    &unused_input::RULE,
    &unused_job_output::RULE,
    &unused_needs::RULE,
    &workflow_run_name::RULE,
];
