//! What is wrong: it cannot run, or does not do what it says.

mod concurrency_deadlock;
mod constant_condition;
mod duplicate_triggers;
mod event_never_received;
mod invalid_env_name;
mod matrix_duplicate_value;
mod matrix_exclude_nothing;
mod missing_timeout;
mod queue_with_cancel;
mod required_with_default;
mod result_never_failure;
mod too_many_inputs;
mod unknown_payload_field;
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
    &constant_condition::RULE,
    &duplicate_triggers::RULE,
    &event_never_received::RULE,
    &invalid_env_name::RULE,
    &matrix_duplicate_value::RULE,
    &matrix_exclude_nothing::RULE,
    &missing_timeout::RULE,
    &queue_with_cancel::RULE,
    &required_with_default::RULE,
    &result_never_failure::RULE,
    &too_many_inputs::RULE,
    &unknown_payload_field::RULE,
    &unknown_timezone::RULE,
    &unreachable_job::RULE,
    &unreachable_step::RULE,
    &unused_input::RULE,
    &unused_job_output::RULE,
    &unused_needs::RULE,
    &workflow_run_name::RULE,
];
