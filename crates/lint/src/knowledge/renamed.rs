//! Repositories of actions that have moved to another name. The old one works through a redirection, until somebody takes
//! it.
//!
//! Facts: the announcements of the moves in the repositories themselves.

/// The old name in lower case, and the new one.
const MOVED: &[(&str, &str)] = &[
    ("eregon/use-ruby-action", "ruby/setup-ruby"),
    ("erlef/setup-elixir", "erlef/setup-beam"),
    ("goanpeca/setup-miniconda", "conda-incubator/setup-miniconda"),
    ("google-github-actions/release-please-action", "googleapis/release-please-action"),
    ("googlecloudplatform/github-actions", "google-github-actions/setup-gcloud"),
    ("google-gemini/gemini-cli-action", "google-github-actions/run-gemini-cli"),
    ("haskell/actions", "haskell-actions/setup"),
    ("nick-invision/retry", "nick-fields/retry"),
    ("sst/opencode", "anomalyco/opencode"),
    ("vedantmgoyal2009/winget-releaser", "vedantmgoyal9/winget-releaser"),
];

/// The name under which a moved repository lives now.
pub(crate) fn new_name(repository: &str) -> Option<&'static str> {
    let repository = repository.to_ascii_lowercase();
    MOVED.iter().find(|(old, _)| *old == repository).map(|(_, new)| *new)
}
