use std::path::PathBuf;

use image::Reference;

/// One `--cache-from` or `--cache-to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheLocation {
    /// `type=registry,ref=…`: layers and the table of what they are the results of, as an image of their own.
    Registry {
        /// Its name.
        reference: Reference,
        /// How much is written.
        mode: CacheMode,
    },
    /// `type=local,src=…` or `dest=…`: the same in a directory in OCI layout.
    Local {
        /// The directory.
        path: PathBuf,
        /// How much is written.
        mode: CacheMode,
    },
    /// `type=inline`: the table goes into the configuration of the image that is pushed.
    Inline,
}

/// How much of a build goes to the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheMode {
    /// The layers of the result.
    #[default]
    Min,
    /// Those of every stage.
    Max,
}
