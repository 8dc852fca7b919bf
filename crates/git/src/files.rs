//! The files of the work tree.

use crate::{GitError, Repository};

impl Repository {
    /// Paths of every file that git knows, or would know after `git add .`, `/`-separated and relative to the top
    /// level. Files that were deleted without git being told are in it.
    pub fn files(&self) -> Result<Vec<String>, GitError> {
        let out =
            self.git().args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]).run()?;
        let paths = out.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect())
    }
}
