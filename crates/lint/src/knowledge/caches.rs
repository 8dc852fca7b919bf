//! Actions that restore a cache, and how each is told not to.
//!
//! Facts: each action's `action.yml`.

use super::uses::{Uses, Version};

/// How an action decides whether it uses a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// It always does.
    Always,
    /// The input has to be true; the second is what it is when left out.
    On(&'static str, bool),
    /// The input has to be false; left out it is.
    Off(&'static str),
    /// The input has to be true in so many words; `auto` is not enough.
    Said(&'static str),
    /// The input has to hold any text.
    Filled(&'static str),
}

/// Switches of one action of which any is enough.
const CACHES: &[(&str, &[Switch])] = &[
    ("actions/cache", &[Switch::Off("lookup-only")]),
    ("actions/cache/restore", &[Switch::Off("lookup-only")]),
    ("actions/setup-dotnet", &[Switch::On("cache", false)]),
    ("actions/setup-go", &[Switch::On("cache", true)]),
    ("actions/setup-java", &[Switch::Filled("cache")]),
    ("actions/setup-node", &[Switch::Filled("cache"), Switch::On("package-manager-cache", true)]),
    ("actions/setup-python", &[Switch::Filled("cache")]),
    ("actions-rust-lang/setup-rust-toolchain", &[Switch::On("cache", true)]),
    ("astral-sh/setup-uv", &[Switch::On("enable-cache", true)]),
    ("awalsh128/cache-apt-pkgs-action", &[Switch::Always]),
    ("determinatesystems/magic-nix-cache-action", &[Switch::On("use-gha-cache", true)]),
    ("graalvm/setup-graalvm", &[Switch::Filled("cache")]),
    ("gradle/actions/setup-gradle", &[Switch::Off("cache-disabled")]),
    ("gradle/gradle-build-action", &[Switch::Off("cache-disabled")]),
    ("hendrikmuhs/ccache-action", &[Switch::Always]),
    ("jdx/mise-action", &[Switch::On("cache", true)]),
    ("mlugg/setup-zig", &[Switch::On("use-cache", true)]),
    ("mozilla-actions/sccache-action", &[Switch::Always]),
    ("nix-community/cache-nix-action", &[Switch::Always]),
    ("oven-sh/setup-bun", &[Switch::Off("no-cache")]),
    ("pdm-project/setup-pdm", &[Switch::On("cache", false)]),
    ("prefix-dev/setup-pixi", &[Switch::On("cache", true)]),
    ("pyo3/maturin-action", &[Switch::On("sccache", false)]),
    ("ramsey/composer-install", &[Switch::Off("ignore-cache")]),
    ("ruby/setup-ruby", &[Switch::On("bundler-cache", false)]),
    ("swatinem/rust-cache", &[Switch::Off("lookup-only")]),
];

/// The switches of an action's cache, of which any is enough; empty where it has none.
///
/// `version`: what is known of it beside the ref, from a comment.
pub(crate) fn switches(uses: &Uses<'_>, version: Option<Version>) -> &'static [Switch] {
    let switches = CACHES.iter().find(|(name, _)| uses.is(name)).map_or(&[][..], |(_, switches)| *switches);
    let version = uses.version().or(version);
    let below = |major| version.is_some_and(|version| version.major < major);
    // These began to cache by themselves with these versions, or stopped.
    if uses.is("actions/setup-node") && below(5) {
        return &[Switch::Filled("cache")];
    }
    if uses.is("actions/setup-go") && below(4) {
        return &[Switch::On("cache", false)];
    }
    if uses.is("astral-sh/setup-uv") && version.is_some_and(|version| version.major >= 10) {
        return &[Switch::Said("enable-cache")];
    }
    switches
}

/// Whether a text stands for yes in actions' inputs.
pub(crate) fn is_yes(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "auto")
}
