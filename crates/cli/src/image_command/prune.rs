use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use image::{Prune, Reference};

use super::PruneArgs;
use crate::failure::Failure;
use crate::images;
use crate::report::screen::Screen;
use crate::report::text;

pub(super) fn run(args: &PruneArgs) -> Result<(), Failure> {
    let older_than = until(&args.filter)?;
    if !args.force && !args.dry_run && !agreed(args)? {
        return Err(Failure::Cancelled);
    }
    let what = Prune {
        nameless: true,
        named: args.all,
        pins_older_than: args.build_cache.then_some(older_than),
        downloads: true,
        older_than,
        dry_run: args.dry_run,
        ..Prune::default()
    };
    let pruned = images::store()?.prune(&what).map_err(images::failure)?;
    let mut screen = Screen::stdout();
    for entry in &pruned.images {
        let name = entry.reference.as_ref().map(Reference::familiar);
        screen.line(&format!(
            "{}: {}",
            if args.dry_run { "Would delete" } else { "Deleted" },
            name.unwrap_or_else(|| entry.descriptor.digest.to_string())
        ));
    }
    let cache = if args.build_cache {
        format!(", {} of builds", text::count(entries(pruned.pins), "result"))
    } else {
        String::new()
    };
    let downloads = match entries(pruned.downloads) {
        0 => String::new(),
        count => format!(", {}", text::count(count, "unfinished download")),
    };
    screen.line(&format!(
        "{}{cache}, {}, {}{downloads}: {}",
        text::count(pruned.images.len(), "image"),
        text::count(entries(pruned.blobs), "blob"),
        text::count(entries(pruned.layers), "unpacked layer"),
        if args.dry_run { "nothing was removed".to_owned() } else { format!("{} reclaimed", text::size(pruned.bytes)) }
    ));
    screen.flush(&[]);
    Ok(())
}

fn entries(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Asks on the terminal.
fn agreed(args: &PruneArgs) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on")
            .hint("--force removes without asking, --dry-run only tells"));
    }
    let what = if args.all { "all images that are not in use" } else { "all images without a name" };
    let mut error = std::io::stderr();
    let _ = write!(error, "This removes {what}, and everything that no image needs. Continue? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(Failure::broken)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// `until=24h`: how old what goes must be at least.
fn until(filters: &[String]) -> Result<Duration, Failure> {
    let mut age = Duration::ZERO;
    for filter in filters {
        let text = filter.strip_prefix("until=");
        let span = text.and_then(|text| text.parse::<jiff::SignedDuration>().ok());
        age = span.and_then(|span| Duration::try_from(span).ok()).ok_or_else(|| {
            Failure::usage(format!("--filter {filter}: expected until= and a duration, such as until=24h or until=10m"))
        })?;
    }
    Ok(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(until(&["until=24h".to_owned()]).unwrap(), Duration::from_secs(86_400));
        assert_eq!(until(&["until=1h30m".to_owned()]).unwrap(), Duration::from_secs(5_400));
        assert_eq!(
            until(&["label=x".to_owned()]).unwrap_err().to_string(),
            "error: --filter label=x: expected until= and a duration, such as until=24h or until=10m"
        );
        assert!(until(&["until=-1h".to_owned()]).is_err());
    }
}
