//! Images, builds and registries beside the tools people use today.

mod builds;
mod downloads;
mod layout;
mod sandboxes;
mod tools;
mod transfers;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::measure::{quiet, time};
use super::table::Row;
use super::{Asked, build, release};

pub(super) struct Bench {
    program: PathBuf,
    /// The example of crate `container` that measures what the program does not show.
    figures: PathBuf,
    place: PathBuf,
    rounds: usize,
    skipped: RefCell<Vec<String>>,
}

type Case = fn(&Bench) -> Result<Vec<Row>, String>;

const ALL: &[(&str, Case)] = &[
    ("sandbox from an image", sandboxes::run_true),
    ("rebuild", builds::rebuild),
    ("unpack", transfers::unpack),
    ("push", transfers::push),
    ("memory of a push", transfers::memory),
    ("download from the registry", downloads::download),
];

/// The rows, and what could not be measured with the reason.
pub(super) fn measure(asked: &Asked<'_>, place: &Path) -> Result<(Vec<Row>, Vec<String>), String> {
    let program = asked.program.clone().map_or_else(build, Ok)?;
    let figures = release(&["--package", "container", "--example", "figures"], "examples/figures")?;
    let bench = Bench { program, figures, place: place.to_owned(), rounds: asked.rounds, skipped: RefCell::default() };
    let mut rows = Vec::new();
    for (name, case) in ALL {
        if asked.wants(name) {
            eprintln!("{name} …");
            rows.extend(case(&bench)?);
        }
    }
    Ok((rows, bench.skipped.take()))
}

impl Bench {
    fn skip(&self, what: &str, reason: &str) {
        self.skipped.borrow_mut().push(format!("{what}: {reason}"));
    }

    /// A tool beside which something is measured; said to be missing otherwise.
    fn tool(&self, name: &str, what: &str) -> Option<PathBuf> {
        let found = tools::installed(name);
        if found.is_none() {
            self.skip(what, &format!("{name} is not installed"));
        }
        found
    }

    fn home(&self) -> PathBuf {
        self.place.join("home")
    }

    /// Where the program keeps images.
    fn store(&self) -> String {
        self.home().join("data/images").to_string_lossy().into_owned()
    }

    fn trunkline(&self, words: &[&str]) -> Command {
        let mut command = quiet(&self.program, words, &self.place);
        command.env("TRUNKLINE_HOME", self.home()).env("DOCKER_CONFIG", self.place.join("docker"));
        command
    }

    /// An image of one layer with a static busybox in the store. `None` where there is no busybox.
    fn busybox(&self) -> Result<Option<&'static str>, String> {
        const NAME: &str = "bench/busybox:1";
        let root = self.place.join("busybox");
        if root.is_dir() {
            return Ok(Some(NAME));
        }
        let Some(busybox) = self.tool("busybox", "images with a shell") else { return Ok(None) };
        std::fs::create_dir_all(root.join("bin")).map_err(|error| error.to_string())?;
        std::fs::copy(busybox, root.join("bin/busybox")).map_err(|error| error.to_string())?;
        for name in ["sh", "true", "cat"] {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).map_err(|error| error.to_string())?;
        }
        let archive = self.place.join("busybox.tar").to_string_lossy().into_owned();
        time(&mut quiet("tar", &["-C", &root.to_string_lossy(), "-cf", &archive, "bin"], &self.place))?;
        time(&mut self.trunkline(&["image", "import", &archive, NAME]))?;
        Ok(Some(NAME))
    }
}
