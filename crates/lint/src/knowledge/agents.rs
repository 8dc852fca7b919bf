//! Actions that let a language model act in a job.
//!
//! Facts: each action's documentation.

use super::uses::Uses;

/// Each with the inputs that it reads as instructions.
const AGENTS: &[(&str, &[&str])] = &[
    ("actions/ai-inference", &["prompt", "system-prompt"]),
    ("anthropics/claude-code-action", &["prompt", "direct_prompt", "override_prompt", "custom_instructions"]),
    ("anthropics/claude-code-base-action", &["prompt", "system_prompt", "append_system_prompt"]),
    ("google-github-actions/run-gemini-cli", &["prompt"]),
    ("google-gemini/gemini-cli-action", &["prompt"]),
    ("openai/codex-action", &["prompt"]),
    ("sst/opencode/github", &["prompt"]),
    ("anomalyco/opencode/github", &["prompt"]),
    ("cursor/cursor-action", &["prompt"]),
    ("warpdotdev/oz-agent-action", &["prompt"]),
    ("warpdotdev/warp-agent-action", &["prompt"]),
    ("augmentcode/augment-agent", &["instruction", "instruction_file"]),
];

/// The inputs that an agent reads as instructions. `None` for actions that are no agents.
pub(crate) fn instructions(uses: &Uses<'_>) -> Option<&'static [&'static str]> {
    AGENTS.iter().find(|(name, _)| uses.is(name)).map(|(_, inputs)| *inputs)
}

/// Inputs that let anyone start the agent, with the value that does.
pub(crate) const OPEN_TO_ALL: &[(&str, &str)] = &[("allowed_non_write_users", "*"), ("allow-users", "*")];
