//! What a label stands for on this machine.

use sandbox::Placement;

/// Where a job with a label runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    Sandbox,
    Host,
    /// A root made of this image.
    Image(String),
}

impl Where {
    /// As it is written with `-P`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Sandbox => "sandbox".to_owned(),
            Self::Host => "host".to_owned(),
            Self::Image(name) => format!("image:{name}"),
        }
    }

    /// `sandbox`, `host` or `image:REFERENCE`.
    ///
    /// # Errors
    /// What is wrong with anything else.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "host" => Ok(Self::Host),
            _ => match text.strip_prefix("image:") {
                Some(name) => match image::Reference::parse(name) {
                    Ok(_) => Ok(Self::Image(name.to_owned())),
                    Err(error) => Err(format!("`{name}` is no image: {error}")),
                },
                None => Err(format!("a label stands for sandbox, host or image:REFERENCE, not `{text}`")),
            },
        }
    }

    #[must_use]
    pub fn placement(&self) -> Placement {
        match self {
            Self::Sandbox | Self::Image(_) => Placement::Isolated,
            Self::Host => Placement::Host,
        }
    }

    #[must_use]
    pub fn image(self) -> Option<String> {
        match self {
            Self::Image(name) => Some(name),
            Self::Sandbox | Self::Host => None,
        }
    }
}

/// A place that actions come from: `OWNER/REPO=DIR`, or a directory of `OWNER/REPO`.
///
/// # Errors
/// What is wrong with the text.
pub fn action_source(text: &str) -> Result<git::RepositorySource, String> {
    git::RepositorySource::parse(text).map_err(|error| error.to_string())
}

/// Labels that stand for something else than a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Platforms(pub Vec<(String, Where)>);

impl Platforms {
    /// The first label that is mapped decides; without one it is a sandbox.
    #[must_use]
    pub fn place(&self, labels: &[String]) -> Where {
        let mapped = labels
            .iter()
            .find_map(|label| self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(label)))
            .map(|(_, place)| place.clone());
        mapped.unwrap_or(if cfg!(target_os = "linux") { Where::Sandbox } else { Where::Host })
    }
}
