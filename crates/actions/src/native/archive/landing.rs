//! Where files of an archive may land: below the roots given, whatever links are on the way.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::native::files::Files;

/// Creates files of the job, checking where each really goes.
pub(crate) struct Landing<'a> {
    files: Files<'a>,
    /// Without links.
    roots: Vec<PathBuf>,
    /// Directories seen to be there: as named, and without links.
    known: HashMap<PathBuf, PathBuf>,
}

impl<'a> Landing<'a> {
    /// A landing below `roots`; links in the roots themselves are followed now.
    pub(crate) fn new(files: Files<'a>, roots: &[PathBuf]) -> io::Result<Self> {
        let roots = roots.iter().map(|root| files.resolve(root)).collect::<io::Result<_>>()?;
        Ok(Self { files, roots, known: HashMap::new() })
    }

    /// The host path for `inside`, its parents made. The last part may be anything, or missing.
    pub(crate) fn place(&mut self, inside: &Path) -> io::Result<PathBuf> {
        let (Some(parent), Some(name)) = (inside.parent(), inside.file_name()) else {
            return self.directory(inside);
        };
        let real = match self.known.get(parent) {
            Some(real) => real.clone(),
            None => {
                let real = self.files.resolve(parent)?;
                self.check(inside, &real.join(name))?;
                fs::create_dir_all(self.files.host(&real))?;
                self.known.insert(parent.to_owned(), real.clone());
                real
            }
        };
        let real = real.join(name);
        self.check(inside, &real)?;
        Ok(self.files.host(&real))
    }

    /// Makes a directory, or takes the one that is there, be it through a link. Returns its host path.
    pub(crate) fn directory(&mut self, inside: &Path) -> io::Result<PathBuf> {
        let real = self.files.resolve(inside)?;
        self.check(inside, &real)?;
        let host = self.files.host(&real);
        if fs::symlink_metadata(&host).is_ok_and(|meta| !meta.is_dir()) {
            fs::remove_file(&host)?;
        }
        fs::create_dir_all(&host)?;
        self.known.insert(inside.to_owned(), real);
        Ok(host)
    }

    /// Makes a new file, in the place of whatever is there.
    pub(crate) fn file(&mut self, inside: &Path) -> io::Result<File> {
        let host = self.place(inside)?;
        let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&host);
        match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                clear(&host)?;
                create()
            }
            other => other,
        }
    }

    /// Makes a symbolic link. Where it leads does not matter: what is written through it is checked.
    pub(crate) fn symlink(&mut self, inside: &Path, target: &Path) -> io::Result<()> {
        let host = self.place(inside)?;
        clear(&host)?;
        std::os::unix::fs::symlink(target, &host)?;
        // What was a directory may be a link from now on.
        self.known.retain(|known, _| !known.starts_with(inside));
        Ok(())
    }

    /// Makes another name for a file.
    pub(crate) fn hard_link(&mut self, inside: &Path, original: &Path) -> io::Result<()> {
        let from = self.place(original)?;
        let to = self.place(inside)?;
        if from == to {
            return Ok(());
        }
        clear(&to)?;
        fs::hard_link(from, to)
    }

    fn check(&self, inside: &Path, real: &Path) -> io::Result<()> {
        if self.roots.iter().any(|root| real.starts_with(root)) {
            return Ok(());
        }
        let text =
            format!("{} would be written to {}, which is none of the places named", inside.display(), real.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }
}

/// Removes a file, a link or an empty directory.
fn clear(host: &Path) -> io::Result<()> {
    match fs::symlink_metadata(host) {
        Ok(meta) if meta.is_dir() => fs::remove_dir(host),
        Ok(_) => fs::remove_file(host),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
