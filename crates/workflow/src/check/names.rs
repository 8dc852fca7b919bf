//! A set of names that are compared without regard to case and shown as written.

use std::collections::HashSet;
use std::sync::Arc;

use crate::reader::fold;

#[derive(Default)]
pub(super) struct Names {
    shown: Vec<Arc<str>>,
    folded: HashSet<String>,
}

impl Names {
    pub(super) fn add(&mut self, name: Arc<str>) {
        if self.folded.insert(fold(&name)) {
            self.shown.push(name);
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.folded.contains(&fold(name))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.shown.iter().map(AsRef::as_ref)
    }
}

impl FromIterator<Arc<str>> for Names {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(names: I) -> Names {
        let mut all = Names::default();
        names.into_iter().for_each(|name| all.add(name));
        all
    }
}
