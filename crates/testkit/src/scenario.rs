//! Scenarios: `scenarios/NN-name/{repo/, expect.toml}`.

pub(crate) mod check;
pub(crate) mod expectation;
mod perform;
mod update;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use expectation::Scenario;

/// A scenario on disk.
#[derive(Clone, Debug)]
pub struct ScenarioDirectory {
    /// `07-matrix-include`
    pub name: String,
    pub path: PathBuf,
}

/// All scenarios below a directory, by name.
pub fn discover(root: &Path) -> io::Result<Vec<ScenarioDirectory>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if path.join("expect.toml").is_file() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.push(ScenarioDirectory { name, path });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl ScenarioDirectory {
    /// Reads `expect.toml`. Keys it does not know are errors.
    pub fn read(&self) -> Result<Scenario, String> {
        let path = self.path.join("expect.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}
