use image::{Entry, Prune, Reference, Store};

use super::{RemoveArgs, TagArgs};
use crate::failure::Failure;
use crate::images;
use crate::report::screen::Screen;

pub(super) fn tag(args: &TagArgs) -> Result<(), Failure> {
    let name = Reference::parse(&args.name).map_err(Failure::usage)?;
    if name.digest().is_some() {
        return Err(Failure::usage(format!("{}: a name with a digest cannot be given", args.name)));
    }
    let store = images::store()?;
    let found = store.find(&args.image).map_err(images::failure)?;
    store.tag(&name, &found.descriptor).map_err(images::failure)
}

pub(super) fn run(args: &RemoveArgs) -> Result<(), Failure> {
    let store = images::store()?;
    let mut screen = Screen::stdout();
    let mut first = None;
    for name in &args.images {
        match remove(&store, name, args.force) {
            Ok(lines) => lines.iter().for_each(|line| screen.line(line)),
            Err(Failure::Missing(_)) if args.force => {}
            Err(failure) => {
                first.get_or_insert(failure);
            }
        }
    }
    store.prune(&Prune::default()).map_err(images::failure)?;
    screen.flush(&[]);
    first.map_or(Ok(()), Err)
}

fn remove(store: &Store, name: &str, force: bool) -> Result<Vec<String>, Failure> {
    let found = store.find(name).map_err(images::failure)?;
    let same = |entry: &Entry| entry.descriptor.digest == found.descriptor.digest;
    let entries: Vec<Entry> = store.list().map_err(images::failure)?.into_iter().filter(same).collect();
    let mut lines = Vec::new();
    let untagged = |reference: &Reference| format!("Untagged: {}", reference.familiar());
    let last = match &found.reference {
        Some(reference) => {
            let known = entries.iter().find(|entry| entry.reference.as_ref() == Some(reference));
            // A name with a digest may have found another name of the same repository.
            let reference =
                known.and_then(|entry| entry.reference.as_ref()).or(entries[0].reference.as_ref()).unwrap_or(reference);
            store.untag(reference).map_err(images::failure)?;
            lines.push(untagged(reference));
            entries.len() == 1
        }
        None => {
            let names = entries.iter().filter_map(|entry| entry.reference.as_ref());
            if names.clone().count() > 1 && !force {
                let names: Vec<String> = names.map(Reference::familiar).collect();
                let text = format!("{name} has several names: {}", names.join(", "));
                return Err(Failure::usage(text).hint("name one of them, or take all away with --force"));
            }
            lines.extend(names.map(untagged));
            store.forget(&found.descriptor.digest).map_err(images::failure)?;
            true
        }
    };
    if last {
        lines.push(format!("Deleted: {}", found.descriptor.digest));
    }
    Ok(lines)
}
