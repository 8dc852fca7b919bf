//! Files that have several names, until the layer is written.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Which names are of one file.
#[derive(Default)]
pub(super) struct Links {
    files: Vec<Linked>,
    /// By each of its names.
    of: HashMap<PathBuf, usize>,
}

struct Linked {
    /// The name whose entry has the content.
    holder: PathBuf,
    others: BTreeSet<PathBuf>,
}

impl Links {
    /// Makes `name` another name of the file at `target`.
    pub(super) fn add(&mut self, target: &Path, name: &Path) {
        let number = self.of.get(target).copied().unwrap_or_else(|| {
            self.files.push(Linked { holder: target.to_owned(), others: BTreeSet::new() });
            self.of.insert(target.to_owned(), self.files.len() - 1);
            self.files.len() - 1
        });
        self.files[number].others.insert(name.to_owned());
        self.of.insert(name.to_owned(), number);
    }

    /// Which name of a file with several has the content.
    pub(super) fn holder(&self, name: &Path) -> Option<&Path> {
        self.of.get(name).map(|number| self.files[*number].holder.as_path())
    }

    /// Takes a name away. When it had the content, the first of the others gets it: that one is returned.
    pub(super) fn remove(&mut self, name: &Path) -> Option<PathBuf> {
        let file = &mut self.files[self.of.remove(name)?];
        if file.holder != name {
            file.others.remove(name);
            return None;
        }
        let heir = file.others.pop_first()?;
        file.holder.clone_from(&heir);
        Some(heir)
    }

    /// Every name that has no content, and the one that has it.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.files.iter().flat_map(|file| file.others.iter().map(|name| (name.as_path(), file.holder.as_path())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(links: &Links) -> Vec<(&str, &str)> {
        links.all().map(|(name, holder)| (name.to_str().unwrap(), holder.to_str().unwrap())).collect()
    }

    #[test]
    fn the_first_name_inherits() {
        let mut links = Links::default();
        let path = Path::new;
        for (target, name) in [("m", "z"), ("z", "b"), ("b", "n"), ("x", "y")] {
            links.add(path(target), path(name));
        }
        assert_eq!(all(&links), [("b", "m"), ("n", "m"), ("z", "m"), ("y", "x")]);
        assert_eq!(links.remove(path("n")), None);
        assert_eq!(links.remove(path("n")), None, "it is no name any more");
        assert_eq!(links.remove(path("m")), Some("b".into()));
        assert_eq!((links.holder(path("z")), links.holder(path("m"))), (Some(path("b")), None));
        assert_eq!(all(&links), [("z", "b"), ("y", "x")]);
        assert_eq!(links.remove(path("b")), Some("z".into()));
        assert_eq!(links.remove(path("z")), None, "nobody is left");
        links.add(path("z"), path("m"));
        assert_eq!(all(&links), [("y", "x"), ("m", "z")], "another file has the name");
    }

    /// As many steps as names: with a step over all names each, this would not end in a test's time.
    #[test]
    fn many_names() {
        let mut links = Links::default();
        let name = |number: u32| PathBuf::from(format!("{number:06}"));
        for number in 1..200_000 {
            links.add(&name(0), &name(number));
        }
        for number in 0..199_999 {
            assert_eq!(links.remove(&name(number)), Some(name(number + 1)));
        }
        assert_eq!(links.remove(&name(199_999)), None);
    }
}
