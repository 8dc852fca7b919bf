//! Results as plain files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::Error;
use crate::meta::Kind;
use crate::view::View;

/// Writes a file that is there whole or not at all; to standard output without a path.
pub(super) fn whole(
    dest: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> Result<(), image::Error>,
) -> Result<(), Error> {
    let Some(dest) = dest else {
        let mut output = io::BufWriter::new(io::stdout().lock());
        let failed = |source| Error::Io { what: "writing to standard output".to_owned(), source };
        write(&mut output).map_err(|error| failed(io::Error::other(error)))?;
        return output.flush().map_err(failed);
    };
    let failed = |source| Error::Output { path: dest.to_owned(), source };
    let parent = dest.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(failed)?;
    let mut output = io::BufWriter::new(&mut file);
    write(&mut output).map_err(|error| failed(io::Error::other(error)))?;
    output.flush().map_err(failed)?;
    drop(output);
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(failed)?;
    file.persist(dest).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Writes the files of a view into a directory; what is there under the same name is replaced, the rest stays. Files belong to
/// whoever asked for them. Links that are there are never followed.
pub(super) fn export(view: &dyn View, path: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for (name, meta) in view.children(path)? {
        let (from, into) = (path.join(&name), to.join(&name));
        let existing = fs::symlink_metadata(&into).ok();
        match meta.kind {
            Kind::Directory => {
                if existing.as_ref().is_some_and(|existing| !existing.is_dir()) {
                    fs::remove_file(&into)?;
                }
                export(view, &from, &into)?;
                fs::set_permissions(&into, fs::Permissions::from_mode(meta.mode & 0o777 | 0o700))?;
            }
            Kind::File | Kind::Symlink => {
                match existing {
                    Some(existing) if existing.is_dir() => fs::remove_dir_all(&into)?,
                    Some(_) => fs::remove_file(&into)?,
                    None => {}
                }
                if meta.is_symlink() {
                    std::os::unix::fs::symlink(view.read_link(&from)?, &into)?;
                    continue;
                }
                let mut file = File::create_new(&into)?;
                io::copy(&mut view.open(&from)?, &mut file)?;
                file.set_permissions(fs::Permissions::from_mode(meta.mode & 0o777))?;
                let time = u64::try_from(meta.mtime).unwrap_or_default();
                file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(time))?;
            }
            Kind::Fifo | Kind::Socket | Kind::CharDevice(..) | Kind::BlockDevice(..) => {}
        }
    }
    Ok(())
}
