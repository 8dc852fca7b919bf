//! Where things outside the crate are.

use std::path::{Path, PathBuf};

use testkit::Binary;

pub(crate) fn binary() -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_trunkline"))
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The acceptance files handed over with the project: `TRUNKLINE_ACCEPTANCE`, else beside the repository.
pub(crate) fn acceptance() -> Option<PathBuf> {
    let named = std::env::var_os("TRUNKLINE_ACCEPTANCE").map(PathBuf::from);
    named.or_else(|| Some(root().join("../shared/acceptance"))).filter(|path| path.is_dir())
}

/// Where `cargo xtask test` puts tools.
pub(crate) fn tools() -> PathBuf {
    std::env::var_os("TRUNKLINE_TEST_TOOLS").map_or_else(|| root().join("target/test-tools"), PathBuf::from)
}

/// The tool cache that `cargo xtask test` lays out.
pub(crate) fn tool_cache(tool: &str) -> Option<PathBuf> {
    let cache = tools().join("tool-cache");
    cache.join(tool).is_dir().then(|| cache.canonicalize().unwrap_or(cache))
}

pub(crate) fn on_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|directory| directory.join(program).is_file())
}
