//! The images of this machine's user: where they are, and how registries are reached.

use std::path::PathBuf;

use image::client::{Client, ClientConfig};
use image::{Found, Image, Platform, Reference, Store};

use crate::config::Config;
use crate::dirs::Dirs;
use crate::failure::Failure;

/// The directory of the image store.
pub(crate) fn dir(dirs: &Dirs) -> PathBuf {
    dirs.data.join("images")
}

/// Opens the image store.
pub(crate) fn store() -> Result<Store, Failure> {
    let dirs = Dirs::from_env()?;
    dirs.create()?;
    Store::open(dir(&dirs)).map_err(failure)
}

/// A client with the user's credentials, and with the routes that `trunkline.toml` of the repository around the working
/// directory gives.
pub(crate) fn client() -> Result<Client, Failure> {
    let top = std::env::current_dir().ok().and_then(|here| {
        let repository = git::Repository::discover(&here).ok();
        repository.map(|repository| repository.top_level().to_owned()).or(Some(here))
    });
    let config = top.map(|top| Config::read(&top)).transpose()?.unwrap_or_default();
    let routes = config.registry.routes(None);
    Client::new(ClientConfig { routes, ..ClientConfig::of_process() }).map_err(Failure::broken)
}

/// The platform that was asked for, else this machine's: `DOCKER_DEFAULT_PLATFORM` counts as asking.
pub(crate) fn platform(asked: Option<&str>) -> Result<Platform, Failure> {
    let variable = std::env::var("DOCKER_DEFAULT_PLATFORM").ok().filter(|text| !text.is_empty());
    match asked.map(str::to_owned).or(variable) {
        Some(text) => text.parse().map_err(Failure::usage),
        None => Ok(Platform::host()),
    }
}

/// An image for the platform that was asked for: one that is for another is an error, though it is the only one of its name.
pub(crate) fn for_platform(store: &Store, found: &Found, asked: Option<&str>) -> Result<Image, Failure> {
    let platform = platform(asked)?;
    let image = store.image(&found.descriptor, &platform).map_err(failure)?;
    let actual = image.platform();
    if asked.is_some() && platform.fit(&actual).is_none() {
        let name = found.reference.as_ref().map_or_else(|| found.descriptor.digest.to_string(), Reference::familiar);
        let error = image::Error::NoPlatform { object: name, wanted: platform, offers: vec![actual.to_string()] };
        return Err(failure(error));
    }
    Ok(image)
}

/// The exit code of an error with images: what is not there is missing, what is damaged is invalid.
pub(crate) fn failure(error: image::Error) -> Failure {
    use image::Error;
    match &error {
        Error::Unknown(_) => {
            Failure::missing(&error).hint("`trunkline image ls` lists what there is, `trunkline image pull` gets more")
        }
        Error::Absent { .. } | Error::NoPlatform { .. } => Failure::missing(&error)
            .hint("`trunkline image pull --platform OS/ARCHITECTURE` gets an image for a platform"),
        Error::Ambiguous { .. } | Error::Reference(_) | Error::Platform(_) => Failure::usage(&error),
        Error::Io { .. } | Error::Blob(blob::Error::Io { .. }) => Failure::broken(&error),
        _ => Failure::invalid(format!("error: {error}")),
    }
}
