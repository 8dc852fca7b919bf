//! Empty directories and files to mount on, as the lowest layer: an image without `/proc` gets one without its upper
//! layer being written to.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Where every image root has something mounted.
const DIRECTORIES: [&str; 4] = ["dev", "etc", "proc", "sys"];
const FILES: [&str; 3] = ["etc/hostname", "etc/hosts", "etc/resolv.conf"];

/// Makes the skeleton in `directory`, with the given places in addition: path inside, and whether it is a file.
pub(super) fn make<'a>(directory: &Path, places: impl Iterator<Item = (&'a Path, bool)>) -> io::Result<()> {
    std::fs::create_dir(directory)?;
    for name in DIRECTORIES {
        std::fs::create_dir(directory.join(name))?;
    }
    for name in FILES {
        std::fs::File::create(directory.join(name))?;
    }
    for (place, is_file) in places {
        let Some(own) = below(directory, place) else { continue };
        if !is_file {
            // Below a file's place nothing can be made; mounting says so.
            let _ = std::fs::create_dir_all(own);
        } else if let Some(parent) = own.parent()
            && std::fs::create_dir_all(parent).is_ok()
        {
            let _ = File::options().create(true).append(true).open(own);
        }
    }
    Ok(())
}

/// The place within the skeleton. What lies in the pseudo file systems has no place in a layer.
fn below(directory: &Path, place: &Path) -> Option<PathBuf> {
    let relative = place.strip_prefix("/").ok()?;
    let Some(Component::Normal(first)) = relative.components().next() else {
        return None;
    };
    (first != "dev" && first != "proc" && first != "sys").then(|| directory.join(relative))
}
