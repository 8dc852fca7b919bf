//! The files that are looked at.

use std::path::{Path, PathBuf};

use crate::tree;

/// Directories that are repositories, or copies of their `.github`.
pub(super) struct Corpus {
    pub(super) repositories: Vec<PathBuf>,
    /// Every workflow, in order.
    pub(super) files: Vec<PathBuf>,
    made: bool,
}

impl Corpus {
    /// One directory a repository.
    pub(super) fn of(directory: &Path) -> Result<Corpus, String> {
        let mut repositories = children(directory)?;
        repositories.retain(|path| path.join(".github").is_dir());
        let mut corpus = Corpus { repositories, files: Vec::new(), made: false };
        corpus.find()?;
        if corpus.files.is_empty() {
            return Err(format!("{}: no directory in it has workflows", directory.display()));
        }
        Ok(corpus)
    }

    /// Copies of the workflows that this repository has, as its own and as scenarios, under names of their own, until
    /// there are as many as the figure is meant for.
    pub(super) fn made(place: &Path) -> Result<Corpus, String> {
        let root = tree::root();
        let mut texts = Vec::new();
        let mut directories = vec![root.join("scenarios"), root.join("examples"), root.join(".github")];
        while let Some(directory) = directories.pop().filter(|directory| directory.is_dir()) {
            for path in children(&directory)? {
                if path.is_dir() {
                    directories.push(path);
                } else if is_yaml(&path)
                    && let Ok(text) = std::fs::read_to_string(&path)
                    && text.contains("\njobs:")
                {
                    texts.push(text);
                }
            }
        }
        if texts.is_empty() {
            return Err("this repository has no workflows".to_owned());
        }
        let workflows = place.join("made/.github/workflows");
        std::fs::create_dir_all(&workflows).map_err(|error| error.to_string())?;
        for (index, text) in texts.iter().cycle().take(super::FILES).enumerate() {
            let path = workflows.join(format!("{index:03}.yml"));
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        let mut corpus = Corpus { repositories: vec![place.join("made")], files: Vec::new(), made: true };
        corpus.find()?;
        Ok(corpus)
    }

    fn find(&mut self) -> Result<(), String> {
        self.repositories.sort();
        for repository in &self.repositories {
            let workflows = repository.join(".github/workflows");
            if workflows.is_dir() {
                let mut files = children(&workflows)?;
                files.retain(|path| is_yaml(path));
                files.sort();
                self.files.extend(files);
            }
        }
        Ok(())
    }

    pub(super) fn described(&self) -> String {
        let (files, repositories) = (self.files.len(), self.repositories.len());
        if self.made {
            format!("{files} files made of the workflows of this repository's scenarios; --corpus DIR takes real ones")
        } else {
            format!("{files} workflows of {repositories} directories")
        }
    }

    /// Copies of as many files, spread over all of them, side by side in one directory: no tool sees the repositories.
    pub(super) fn first(&self, count: usize, place: &Path) -> Result<Vec<PathBuf>, String> {
        let workflows = place.join(".github/workflows");
        std::fs::create_dir_all(&workflows).map_err(|error| error.to_string())?;
        let count = count.min(self.files.len());
        let mut copies = Vec::with_capacity(count);
        for index in 0..count {
            let from = &self.files[index * self.files.len() / count];
            let to = workflows.join(format!("{index:03}.yml"));
            std::fs::copy(from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
            copies.push(to);
        }
        Ok(copies)
    }

    /// The largest file of at most so many bytes.
    pub(super) fn largest_below(&self, files: &[PathBuf], bytes: u64) -> Option<PathBuf> {
        let sized = files.iter().filter_map(|path| Some((std::fs::metadata(path).ok()?.len(), path)));
        sized.filter(|(size, _)| *size <= bytes).max_by_key(|(size, _)| *size).map(|(_, path)| path.clone())
    }
}

fn children(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}
