use anstyle::Style;
use image::{Entry, Image, Platform, Reference};
use serde_json::json;

use super::shown::{age, created, id, image_of, short};
use super::{ListArgs, ListFormat};
use crate::failure::Failure;
use crate::images;
use crate::report::palette::{DIM, Palette};
use crate::report::screen::Screen;
use crate::report::table::{Cell, table};
use crate::report::text;

const NONE: &str = "<none>";

pub(super) fn run(args: &ListArgs) -> Result<(), Failure> {
    let store = images::store()?;
    let wanted = Wanted::new(args)?;
    let platform = Platform::host();
    let entries = store.list().map_err(images::failure)?;
    let rows: Vec<(Entry, Option<Image>)> = entries
        .into_iter()
        .filter(|entry| wanted.accepts(entry))
        .map(|entry| {
            let image = image_of(&store, &entry, &platform);
            (entry, image)
        })
        .collect();
    let mut screen = Screen::stdout();
    if args.quiet {
        let mut known = Vec::new();
        for (entry, image) in &rows {
            let id = id(image.as_ref(), entry);
            if !known.contains(&id) {
                screen.line(&if args.no_trunc { id.to_string() } else { short(&id) });
                known.push(id);
            }
        }
    } else if args.format == ListFormat::Json {
        for (entry, image) in &rows {
            screen.line(&as_json(entry, image.as_ref(), args).to_string());
        }
    } else {
        let columns = if screen.is_live() { screen.size().columns } else { usize::MAX };
        for line in lines(&rows, args, columns) {
            screen.line(&line);
        }
    }
    screen.flush(&[]);
    Ok(())
}

fn lines(rows: &[(Entry, Option<Image>)], args: &ListArgs, columns: usize) -> Vec<String> {
    let cells = |entry: &Entry, image: Option<&Image>| {
        let id = id(image, entry);
        let id = if args.no_trunc { id.to_string() } else { short(&id) };
        let platform = image.map_or_else(|| "no image".to_owned(), |image| image.platform().to_string());
        [
            Cell::plain(repository(entry)),
            Cell::plain(tag(entry)),
            Cell::new(id, DIM),
            Cell::plain(age(created(image, entry))),
            Cell::plain(image.map(|image| text::size(image.size())).unwrap_or_default()).right(),
            Cell::new(if args.digests { entry.descriptor.digest.to_string() } else { platform }, Style::new()),
        ]
    };
    let last = if args.digests { "DIGEST" } else { "PLATFORM" };
    let rows = rows.iter().map(|(entry, image)| cells(entry, image.as_ref())).collect();
    table(["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", last], rows, Palette::for_stdout(), columns)
}

/// The fields of `docker images --format json`.
fn as_json(entry: &Entry, image: Option<&Image>, args: &ListArgs) -> serde_json::Value {
    let id = id(image, entry);
    let created = created(image, entry);
    json!({
        "Repository": repository(entry),
        "Tag": tag(entry),
        "ID": if args.no_trunc { id.to_string() } else { short(&id) },
        "Digest": entry.descriptor.digest,
        "CreatedAt": jiff::Timestamp::from_microsecond(created).map(|time| time.to_string()).unwrap_or_default(),
        "CreatedSince": age(created),
        "Size": text::size(image.map_or(0, Image::size)),
        "Platform": image.map(|image| image.platform().to_string()),
    })
}

fn repository(entry: &Entry) -> String {
    entry.reference.as_ref().map_or_else(|| NONE.to_owned(), Reference::familiar_repository)
}

fn tag(entry: &Entry) -> String {
    entry.reference.as_ref().and_then(Reference::tag).unwrap_or(NONE).to_owned()
}

/// What is listed.
#[derive(Default)]
struct Wanted {
    patterns: Vec<String>,
    dangling: Option<bool>,
}

impl Wanted {
    fn new(args: &ListArgs) -> Result<Self, Failure> {
        let mut wanted = Self { patterns: args.name.iter().cloned().collect(), dangling: None };
        for filter in &args.filter {
            match filter.split_once('=') {
                Some(("dangling", "true" | "1")) => wanted.dangling = Some(true),
                Some(("dangling", "false" | "0")) => wanted.dangling = Some(false),
                Some(("reference", pattern)) => wanted.patterns.push(pattern.to_owned()),
                _ => {
                    let text =
                        format!("--filter {filter}: expected dangling=true, dangling=false or reference=PATTERN");
                    return Err(Failure::usage(text));
                }
            }
        }
        Ok(wanted)
    }

    fn accepts(&self, entry: &Entry) -> bool {
        let fits = |pattern: &String| {
            entry.reference.as_ref().is_some_and(|reference| {
                let (whole, short) = (reference.familiar(), reference.familiar_repository());
                [whole, short, reference.to_string(), reference.repository()].iter().any(|name| matches(pattern, name))
            })
        };
        self.dangling.is_none_or(|dangling| dangling == entry.reference.is_none()) && self.patterns.iter().all(fits)
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("alpine", "alpine", true),
            ("alpine", "alpine:3", false),
            ("alp*", "alpine:3", true),
            ("*:3", "alpine:3", true),
            ("a*e:*", "alpine:3", true),
            ("a*x*", "alpine", false),
            ("ab*b", "ab", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
