//! Finding and reading the Dockerfile, and the ignore file that belongs to it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::Files;
use crate::Error;
use crate::request::DockerfileSource;
use crate::view::{View, clean, resolve};

/// More than this is no Dockerfile.
const LARGEST: u64 = 16 << 20;

/// The instructions as text.
#[derive(Debug, Clone)]
pub(crate) struct DockerfileText {
    /// As messages show it.
    pub(crate) name: String,
    pub(crate) text: String,
    /// The ignore file: its name and text.
    pub(crate) ignore: Option<(String, String)>,
}

impl DockerfileText {
    /// Reads what the source names.
    pub(crate) fn read(source: &DockerfileSource, context: &Files) -> Result<Self, Error> {
        if let Some(text) = &context.lone_dockerfile {
            return Ok(Self { name: "Dockerfile".to_owned(), text: text.clone(), ignore: None });
        }
        match source {
            DockerfileSource::Text { name, text } => {
                Ok(Self { name: name.clone(), text: text.clone(), ignore: beside(context, None)? })
            }
            DockerfileSource::File(path) => {
                let shown = path.display().to_string();
                let file = File::open(path).map_err(|error| missing(&shown, error))?;
                let text = read(file).map_err(|why| Error::context(&*shown, why))?;
                Ok(Self { name: shown, text, ignore: beside(context, Some(path))? })
            }
            DockerfileSource::InContext(path) => {
                let Some(root) = &context.root else {
                    return Err(Error::context(path.display().to_string(), "there is no context to find it in"));
                };
                let wanted = clean(path);
                let shown = wanted.display().to_string();
                let real = inside(root, &wanted).map_err(|error| missing(&shown, error))?;
                let file = File::open(&real).map_err(|error| missing(&shown, error))?;
                let text = read(file).map_err(|why| Error::context(&*shown, why))?;
                Ok(Self { name: shown, text, ignore: beside(context, Some(&root.join(&wanted)))? })
            }
        }
    }
}

/// A path of the context with its links followed, never out of it.
fn inside(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let plain = Plain(root);
    let resolved = resolve(&plain, path, true)?;
    Ok(root.join(resolved))
}

fn missing(shown: &str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        return Error::context(shown, "there is no such file; name another with -f");
    }
    Error::context(shown, error)
}

/// `<file>.dockerignore` if there is one, else `.dockerignore` of the context.
fn beside(context: &Files, file: Option<&Path>) -> Result<Option<(String, String)>, Error> {
    let own = file.map(|path| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".dockerignore");
        path.with_file_name(name)
    });
    let general = context.root.as_ref().map(|root| root.join(".dockerignore"));
    for path in [own, general].into_iter().flatten() {
        match File::open(&path) {
            Ok(file) => {
                let shown = context.root.as_ref().and_then(|root| path.strip_prefix(root).ok()).unwrap_or(&path);
                let shown = shown.display().to_string();
                let text = read(file).map_err(|why| Error::context(&*shown, why))?;
                return Ok(Some((shown, text)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::context(path.display().to_string(), error)),
        }
    }
    Ok(None)
}

/// `.dockerignore` of a context without a Dockerfile.
pub(crate) fn ignore_of(context: &Files) -> Result<Option<(String, String)>, Error> {
    beside(context, None)
}

/// A text file, whole.
pub(super) fn read(mut file: File) -> Result<String, String> {
    use std::io::Seek as _;
    let _ = file.rewind();
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes, and no archive"));
    }
    String::from_utf8(bytes).map_err(|_| "it is neither an archive nor UTF-8 text".to_owned())
}

/// A directory as it is, for following links in it.
struct Plain<'a>(&'a Path);

impl View for Plain<'_> {
    fn lookup(&self, path: &Path) -> io::Result<Option<crate::meta::Meta>> {
        match rustix::fs::lstat(self.0.join(path)) {
            Ok(stat) => Ok(Some(crate::meta::Meta::from(&stat))),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn children(&self, _path: &Path) -> io::Result<Vec<(std::ffi::OsString, crate::meta::Meta)>> {
        Ok(Vec::new())
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(self.real_path(path)?)
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.0.join(path))
    }

    fn xattrs(&self, _path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        Ok(Vec::new())
    }
}
