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
    of_path(program).is_some()
}

fn of_path(program: &str) -> Option<PathBuf> {
    let directories = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&directories).map(|directory| directory.join(program)).find(|path| path.is_file())
}

/// Chromium's program, where npm's client for it is there as well; else the test is told as skipped.
pub(crate) fn chromium(test: &str) -> Option<PathBuf> {
    let found = of_path("chromium");
    if found.is_none() {
        testkit::skip(test, "chromium is not on PATH");
    } else if !root().join("tests/browser/node_modules/puppeteer-core").is_dir() {
        testkit::skip(test, "tests/browser has no node_modules (npm ci)");
        return None;
    }
    found
}

/// A directory of a package of Python that `cargo xtask test` installs.
pub(crate) fn python_package(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir(tools().join("venv/lib")).ok()?;
    let mut packages = versions.filter_map(|version| Some(version.ok()?.path().join("site-packages").join(name)));
    packages.find(|package| package.is_dir())
}
