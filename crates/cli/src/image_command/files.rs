use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::Path;

use image::archive::{self, Format, ImportOptions, Saved};
use image::{ImageConfiguration, Reference, Store};

use super::changes;
use super::{ExportArgs, ImportArgs, LoadArgs, SaveArgs, SaveFormat};
use crate::failure::Failure;
use crate::images;
use crate::report::screen::Screen;

pub(super) fn save(args: &SaveArgs) -> Result<(), Failure> {
    let store = images::store()?;
    let platform = images::platform(args.platform.as_deref())?;
    let mut saved: Vec<Saved> = Vec::new();
    for name in &args.images {
        let found = store.find(name).map_err(images::failure)?;
        match saved.iter_mut().find(|known| known.descriptor.digest == found.descriptor.digest) {
            Some(known) => known.references.extend(found.reference),
            None => saved.push(Saved { descriptor: found.descriptor, references: Vec::from_iter(found.reference) }),
        }
    }
    let format = match args.format {
        SaveFormat::DockerArchive => Format::Docker,
        SaveFormat::OciArchive => Format::Oci,
        SaveFormat::OciDir => {
            let dir = args.output.as_deref();
            let dir = dir.ok_or_else(|| Failure::usage("--format oci-dir needs a directory: --output DIR"))?;
            std::fs::create_dir_all(dir).map_err(|error| unusable(dir, &error))?;
            return archive::save_dir(&store, &saved, dir).map_err(images::failure);
        }
    };
    write(args.output.as_deref(), |output| archive::save(&store, &saved, &platform, format, output).map(|_| ()))
}

pub(super) fn load(args: &LoadArgs) -> Result<(), Failure> {
    let name = args.tag.as_deref().map(Reference::parse).transpose().map_err(Failure::usage)?;
    let store = images::store()?;
    let loaded = match &args.input {
        Some(path) if path.is_dir() => archive::load_dir(&store, path, name.as_ref()),
        Some(path) => {
            let file = File::open(path).map_err(|error| unusable(path, &error))?;
            archive::load(&store, &path.display().to_string(), file, name.as_ref())
        }
        None => archive::load(&store, "standard input", stdin()?, name.as_ref()),
    };
    let mut screen = Screen::stdout();
    for image in loaded.map_err(images::failure)? {
        if args.quiet {
            continue;
        }
        for reference in &image.references {
            screen.line(&format!("Loaded image: {}", reference.familiar()));
        }
        if image.references.is_empty() {
            screen.line(&format!("Loaded image ID: {}", id(&store, &image.descriptor)));
        }
    }
    screen.flush(&[]);
    Ok(())
}

pub(super) fn import(args: &ImportArgs) -> Result<(), Failure> {
    let name = args.name.as_deref().map(Reference::parse).transpose().map_err(Failure::usage)?;
    let platform = images::platform(args.platform.as_deref())?;
    let mut config = ImageConfiguration {
        architecture: platform.architecture,
        os: platform.os,
        variant: platform.variant,
        ..ImageConfiguration::default()
    };
    for change in &args.change {
        changes::apply(&mut config.config, change)
            .map_err(|reason| Failure::usage(format!("--change {change}: {reason}")))?;
    }
    let store = images::store()?;
    let options = ImportOptions { config, message: args.message.clone(), created: Some(created()?) };
    let _writing = store.writing().map_err(images::failure)?;
    let descriptor = if args.file == Path::new("-") {
        archive::import(&store, "-", stdin()?, options)
    } else {
        let file = File::open(&args.file).map_err(|error| unusable(&args.file, &error))?;
        let name = args.file.file_name().unwrap_or_default().to_string_lossy();
        archive::import(&store, &name, file, options)
    };
    let descriptor = descriptor.map_err(images::failure)?;
    match &name {
        Some(name) => store.tag(name, &descriptor),
        None => store.keep(&descriptor),
    }
    .map_err(images::failure)?;
    let mut screen = Screen::stdout();
    screen.line(&id(&store, &descriptor));
    screen.flush(&[]);
    Ok(())
}

pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let store = images::store()?;
    let found = store.find(&args.image).map_err(images::failure)?;
    let image = images::for_platform(&store, &found, args.platform.as_deref())?;
    write(args.output.as_deref(), |output| archive::export(&store, &image, output).map(|_| ()))
}

/// The id of an image that was just stored.
fn id(store: &Store, descriptor: &image::Descriptor) -> String {
    let images = store.images(descriptor).unwrap_or_default();
    images.first().map_or(descriptor.digest, |image| image.config_digest).to_string()
}

/// Now, or what `SOURCE_DATE_EPOCH` says.
fn created() -> Result<String, Failure> {
    let time = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => {
            text.parse().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).ok_or_else(|| {
                Failure::usage(format!("SOURCE_DATE_EPOCH is `{text}`, which is no number of seconds"))
            })?
        }
        Err(_) => jiff::Timestamp::now(),
    };
    Ok(time.to_string())
}

/// Writes a file whole or not at all, or to standard output.
fn write(path: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> image::Result<()>) -> Result<(), Failure> {
    let Some(path) = path else {
        let output = io::stdout();
        if output.is_terminal() {
            let text = "the archive would be written to the terminal";
            return Err(Failure::usage(text).hint("name a file with --output, or redirect standard output"));
        }
        let mut output = io::BufWriter::with_capacity(256 << 10, output.lock());
        write(&mut output).map_err(images::failure)?;
        return output.flush().map_err(|error| unusable(Path::new("standard output"), &error));
    };
    // Pipes and devices cannot be replaced by a file.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        let file = File::options().write(true).open(path).map_err(|error| unusable(path, &error))?;
        let mut output = io::BufWriter::with_capacity(256 << 10, file);
        write(&mut output).map_err(images::failure)?;
        return output.flush().map_err(|error| unusable(path, &error));
    }
    let unfinished = Unfinished::beside(path)?;
    let file = File::create_new(&unfinished.0).map_err(|error| unusable(path, &error))?;
    let mut output = io::BufWriter::with_capacity(256 << 10, file);
    write(&mut output).map_err(images::failure)?;
    output.flush().map_err(|error| unusable(path, &error))?;
    std::fs::rename(&unfinished.0, path).map_err(|error| unusable(path, &error))
}

/// A file beside the one that it becomes; removed when it does not.
struct Unfinished(std::path::PathBuf);

impl Unfinished {
    fn beside(path: &Path) -> Result<Self, Failure> {
        let name = path.file_name().ok_or_else(|| Failure::usage(format!("{}: no file name", path.display())))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        Ok(Self(path.with_file_name(hidden)))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn stdin() -> Result<impl Read + Send, Failure> {
    let input = io::stdin();
    if input.is_terminal() {
        return Err(Failure::usage("there is nothing on standard input").hint("name a file, or pipe an archive in"));
    }
    Ok(input)
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    let text = format!("cannot use {}: {error}", path.display());
    if error.kind() == io::ErrorKind::NotFound { Failure::missing(text) } else { Failure::broken(text) }
}
