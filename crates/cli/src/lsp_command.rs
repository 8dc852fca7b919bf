//! `trunkline lsp`: the language server on standard input and output.

use std::path::Path;

use crate::failure::Failure;
use crate::lint_command::project_of;

const EDITORS: &str = "\
Editors start it by themselves: tell yours that `trunkline lsp` serves YAML files below .github/workflows, action.yml and \
.github/dependabot.yml. docs/guide/editors.md has the lines for Neovim, Helix and Emacs.";

/// Serve an editor: diagnostics, hover, completion, definitions, renames, fixes
#[derive(Debug, clap::Args)]
#[command(after_help = EDITORS)]
pub(crate) struct LspArgs {
    /// Talk over standard input and output, as it always does; many editors pass it
    #[arg(long)]
    stdio: bool,
}

pub(crate) fn run(_: &LspArgs) -> Result<(), Failure> {
    lsp::serve_stdio(&open).map_err(|error| Failure::broken(error.to_string()))
}

fn open(path: &Path) -> Option<lsp::Opened> {
    let placed = project_of(path)?;
    Some(lsp::Opened { top: placed.top, project: placed.project })
}
