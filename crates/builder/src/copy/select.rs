//! What a source of `COPY` or `ADD` names in a tree. The rules are BuildKit's.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use dockerfile::Word;
use dockerfile::ignore::{Ignore, Level};
use span::{FileId, Span};

use crate::keys::Hashing;
use crate::meta::{Kind, Meta};
use crate::stat_cache::{Hash, StatCache, hash_file};
use crate::view::{View, clean, has_wildcard, resolve, wildcard_matches};

/// What one source names.
pub(crate) struct Selection {
    pub(crate) matches: Vec<Match>,
}

/// One file, or one directory whose content is meant.
pub(crate) struct Match {
    /// Its name as the source writes it: what it is called in a directory it is copied to.
    pub(crate) name: OsString,
    /// In the tree, links followed.
    pub(crate) path: PathBuf,
    pub(crate) meta: Meta,
    /// Of a directory: what is below it, each directory before its content.
    pub(crate) items: Vec<Item>,
}

/// Something below a directory that is copied.
pub(crate) struct Item {
    /// From that directory.
    pub(crate) relative: PathBuf,
    pub(crate) meta: Meta,
    /// It is only there because of something below it: directories of `--parents`.
    pub(crate) implied: bool,
}

/// Looks a pattern up. With `parents`, what is found keeps its directories from `/./` on.
pub(crate) fn select(view: &dyn View, pattern: &str, parents: bool, excludes: &Ignore) -> io::Result<Selection> {
    if parents {
        return select_parents(view, pattern, excludes);
    }
    let cleaned = clean(Path::new(pattern));
    let by_pattern = has_wildcard(cleaned.as_os_str().as_bytes());
    let names = if by_pattern { expand(view, &cleaned)? } else { vec![cleaned.clone()] };
    let mut matches = Vec::new();
    for path in names {
        let followed = resolve(view, &path, true)?;
        let Some(meta) = view.lookup(&followed)? else {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("/{}: not found", path.display())));
        };
        let mut items = Vec::new();
        if meta.is_dir() {
            below(view, &followed, &mut PathBuf::new(), excludes, &excludes.root(), &mut items)?;
        }
        let name = path.file_name().unwrap_or(OsStr::new("")).to_owned();
        // Of what a pattern finds, files that are excluded are left out by their names; what is written out is wanted.
        if by_pattern && !meta.is_dir() && excludes.ignores(&name.to_string_lossy()) {
            continue;
        }
        matches.push(Match { name, path: followed, meta, items });
    }
    Ok(Selection { matches })
}

/// The paths a pattern fits; links in its parts without wildcards are followed.
fn expand(view: &dyn View, pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let parts: Vec<&OsStr> = pattern.iter().collect();
    let fixed = parts.iter().take_while(|part| !has_wildcard(part.as_bytes())).count();
    let base: PathBuf = parts[..fixed].iter().collect();
    let mut found = vec![resolve(view, &base, true)?];
    for part in &parts[fixed..] {
        let mut next = Vec::new();
        for directory in &found {
            if !view.lookup(directory)?.is_some_and(|meta| meta.is_dir()) {
                continue;
            }
            for (name, _) in view.children(directory)? {
                if wildcard_matches(part.as_bytes(), name.as_bytes()) {
                    next.push(directory.join(name));
                }
            }
        }
        found = next;
    }
    Ok(found)
}

/// Everything below a directory but what is excluded.
fn below(
    view: &dyn View,
    root: &Path,
    relative: &mut PathBuf,
    excludes: &Ignore,
    level: &Level,
    items: &mut Vec<Item>,
) -> io::Result<()> {
    for (name, meta) in view.children(&root.join(&*relative))? {
        relative.push(&name);
        let (mut kept, mut prune, mut inner) = (true, false, Level::default());
        if !excludes.is_empty() {
            let entry = excludes.child(level, &name.to_string_lossy());
            (kept, prune, inner) = (!entry.ignored, entry.prune, entry.level);
        }
        let place = items.len();
        if kept {
            items.push(Item { relative: relative.clone(), meta, implied: false });
        }
        if meta.is_dir() && !prune {
            if !kept {
                items.push(Item { relative: relative.clone(), meta, implied: true });
            }
            below(view, root, relative, excludes, &inner, items)?;
            if !kept && items.len() == place + 1 {
                items.truncate(place);
            }
        }
        relative.pop();
    }
    Ok(())
}

fn select_parents(view: &dyn View, pattern: &str, excludes: &Ignore) -> io::Result<Selection> {
    let (pivot, pattern) = pattern.split_once("/./").unwrap_or(("", pattern));
    let pivots = clean(Path::new(pivot));
    let pivots = if has_wildcard(pivots.as_os_str().as_bytes()) { expand(view, &pivots)? } else { vec![pivots] };
    let wanted = clean(Path::new(pattern)).to_string_lossy().into_owned();
    let nothing = || io::Error::new(io::ErrorKind::NotFound, format!("/{wanted}: not found"));
    let mut matches = Vec::new();
    for pivot in pivots {
        let root = resolve(view, &pivot, true)?;
        let Some(meta) = view.lookup(&root)?.filter(Meta::is_dir) else { return Err(nothing()) };
        let mut all = Vec::new();
        below(view, &root, &mut PathBuf::new(), excludes, &excludes.root(), &mut all)?;
        let items = if wanted.is_empty() { all } else { including(all, &wanted)? };
        if items.is_empty() && !has_wildcard(wanted.as_bytes()) {
            return Err(nothing());
        }
        matches.push(Match { name: OsString::new(), path: root, meta, items });
    }
    Ok(Selection { matches })
}

/// Of all items those that fit the pattern or lie below one that does, with the directories on the way to them.
fn including(all: Vec<Item>, pattern: &str) -> io::Result<Vec<Item>> {
    let word = Word::new(pattern, Span::new(FileId(0), 0, 0));
    let matcher = Ignore::from_words(&[word]).map_err(|_| io::Error::other(format!("`{pattern}` is no pattern")))?;
    let mut kept = Vec::new();
    let mut pending: Vec<Item> = Vec::new();
    for mut item in all {
        pending.retain(|parent| item.relative.starts_with(&parent.relative));
        if matcher.ignores(&item.relative.to_string_lossy()) {
            kept.append(&mut pending);
            kept.push(item);
        } else if item.meta.is_dir() {
            item.implied = true;
            pending.push(item);
        }
    }
    Ok(kept)
}

impl Selection {
    /// A digest over names, attributes and contents: what a result that copies these files depends on.
    pub(crate) fn digest(&self, view: &dyn View, stats: Option<&StatCache>) -> io::Result<Hash> {
        let mut files = Vec::new();
        for found in &self.matches {
            if found.meta.kind == Kind::File {
                files.push((found.path.clone(), found.meta));
            }
            let inner = found.items.iter().filter(|item| item.meta.kind == Kind::File);
            files.extend(inner.map(|item| (found.path.join(&item.relative), item.meta)));
        }
        let mut contents = contents(view, stats, &files)?.into_iter();
        let mut hashing = Hashing::of("selection");
        hashing.number(self.matches.len() as u64);
        for found in &self.matches {
            hashing.bytes(found.name.as_bytes());
            attributes(&mut hashing, view, &found.path, &found.meta, &mut contents)?;
            hashing.number(found.items.len() as u64);
            for item in &found.items {
                hashing.bytes(item.relative.as_os_str().as_bytes());
                hashing.flag(item.implied);
                attributes(&mut hashing, view, &found.path.join(&item.relative), &item.meta, &mut contents)?;
            }
        }
        Ok(hashing.finish())
    }
}

fn attributes(
    hashing: &mut Hashing,
    view: &dyn View,
    path: &Path,
    meta: &Meta,
    contents: &mut impl Iterator<Item = Hash>,
) -> io::Result<()> {
    let (kind, device) = match meta.kind {
        Kind::File => (0, (0, 0)),
        Kind::Directory => (1, (0, 0)),
        Kind::Symlink => (2, (0, 0)),
        Kind::Fifo => (3, (0, 0)),
        Kind::Socket => (4, (0, 0)),
        Kind::CharDevice(major, minor) => (5, (major, minor)),
        Kind::BlockDevice(major, minor) => (6, (major, minor)),
    };
    for number in [kind, meta.mode, meta.uid, meta.gid, device.0, device.1] {
        hashing.number(number.into());
    }
    match meta.kind {
        Kind::File => {
            hashing.bytes(&contents.next().unwrap_or_default());
            for (name, value) in view.xattrs(path)? {
                hashing.bytes(&name);
                hashing.bytes(&value);
            }
        }
        Kind::Symlink => hashing.bytes(view.read_link(path)?.as_os_str().as_bytes()),
        _ => {}
    }
    Ok(())
}

/// The digests of many files, in their order; those that have to be read are read by several threads.
fn contents(view: &dyn View, stats: Option<&StatCache>, files: &[(PathBuf, Meta)]) -> io::Result<Vec<Hash>> {
    let one = |(path, meta): &(PathBuf, Meta)| {
        let open = || view.open(path);
        let hash = match stats {
            Some(stats) => stats.digest(meta.stamp, open),
            None => open().and_then(hash_file),
        };
        hash.map_err(|error| io::Error::new(error.kind(), format!("/{}: {error}", path.display())))
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let share = files.len().div_ceil(workers).max(64);
    if files.len() <= share {
        return files.iter().map(one).collect();
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = files
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(one).collect::<io::Result<Vec<Hash>>>()))
            .collect();
        let mut hashes = Vec::with_capacity(files.len());
        for part in parts {
            match part.join() {
                Ok(part) => hashes.extend(part?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(hashes)
    })
}
