//! `docker cp`.

use container::Owner;
use container::flags::Parsed;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::session::Session;

pub(super) async fn cp(session: &Session, parsed: Parsed) -> Outcome {
    let [from, to] = parsed.rest.as_slice() else { return Err(Failure::new("source and destination are needed")) };
    if from == "-" || to == "-" {
        return Err(Failure::new("docker cp: copying tar archives from or to standard streams is not supported"));
    }
    if parsed.on("follow-link") {
        return Err(Failure::new("docker cp: --follow-link is not supported: links are copied as links"));
    }
    let root = session.root()?;
    let keep = parsed.on("archive");
    match (inside(from), inside(to)) {
        (Some((name, path)), None) => {
            let container = session.ground.table.container(name)?;
            let owner = if keep { Owner::Same } else { owner_of(session) };
            container.copy_out(&absolute(path), root, &target(session, to), owner).await?;
        }
        (None, Some((name, path))) => {
            let container = session.ground.table.container(name)?;
            let owner = if keep { Owner::Same } else { Owner::These(0, 0) };
            container.copy_in(root, &target(session, from), &absolute(path), owner).await?;
        }
        (Some(_), Some(_)) => return Err(Failure::new("copying between containers is not supported")),
        (None, None) => return Err(Failure::new("must specify at least one container source")),
    }
    if !parsed.on("quiet") && session.hello.terminals[2] {
        session.err(format!("Successfully copied {from} to {to}\n")).await;
    }
    Ok(0)
}

/// Container and path of `name:path`; a path that begins with `/` or `.` is the caller's.
fn inside(text: &str) -> Option<(&str, &str)> {
    if text.starts_with('/') || text.starts_with('.') {
        return None;
    }
    text.split_once(':').filter(|(name, _)| !name.contains('/'))
}

/// Paths in containers are relative to `/`.
fn absolute(path: &str) -> PathBuf {
    if path.starts_with('/') { PathBuf::from(path) } else { Path::new("/").join(path) }
}

/// The caller's path, with what its end says (`/`, `/.`) kept.
fn target(session: &Session, path: &str) -> PathBuf {
    let mut whole = session.absolute(path).into_os_string();
    if path.ends_with("/.") || path == "." {
        whole.push("/.");
    } else if path.ends_with('/') {
        whole.push("/");
    }
    whole.into()
}

/// Whom the caller's directory belongs to stands for the caller.
fn owner_of(session: &Session) -> Owner {
    let stat = session.open(".", rustix::fs::OFlags::PATH).and_then(|dir| Ok(rustix::fs::fstat(dir)?));
    stat.map_or(Owner::Same, |stat| Owner::These(stat.st_uid, stat.st_gid))
}
