//! Submodules named in `.gitmodules`.

use crate::config::Config;
use crate::{GitError, Repository};

/// One submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its name.
    pub name: String,
    /// Where it sits in the work tree.
    pub path: String,
    /// Its URL as written.
    pub url: String,
}

impl Repository {
    /// Submodules of the work tree (or of HEAD in a bare repository).
    pub fn submodules(&self) -> Result<Vec<Submodule>, GitError> {
        let text = if self.is_bare() {
            self.git()
                .args(["cat-file", "blob", "HEAD:.gitmodules"])
                .answer()?
                .stdout
        } else {
            std::fs::read(self.top_level().join(".gitmodules")).unwrap_or_default()
        };
        Ok(parse(&String::from_utf8_lossy(&text)))
    }
}

/// The submodules a `.gitmodules` text names; those whose path would leave the work tree are left out.
pub(crate) fn parse(text: &str) -> Vec<Submodule> {
    let config = Config::parse(text);
    let names = config.subsections("submodule", "path").into_iter();
    let found = names.filter_map(|name| {
        let path = config.get(&format!("submodule.{name}.path"))?.to_owned();
        let url = config.get(&format!("submodule.{name}.url"))?.to_owned();
        let inside =
            |text: &str| !text.starts_with(['/', '-']) && text.split('/').all(|part| part != "..");
        (inside(&path) && inside(&name) && !url.starts_with('-')).then_some(Submodule {
            name,
            path,
            url,
        })
    });
    found.collect()
}
