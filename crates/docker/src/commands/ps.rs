//! `docker ps`.

use container::flags::Parsed;
use container::options::NetworkMode;
use container::{Container, MountKind, Phase};
use jiff::Timestamp;

use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::session::Session;

pub(super) async fn ps(session: &Session, parsed: Parsed) -> Outcome {
    let filters = filters(&parsed, FILTERS)?;
    let all = parsed.on("all") || filters.iter().any(|(key, _)| matches!(key.as_str(), "status" | "exited"));
    let last = match (parsed.last("last"), parsed.on("latest")) {
        (_, true) => Some(1),
        (Some(text), _) => text.parse::<i64>().ok().and_then(|count| usize::try_from(count).ok()),
        _ => None,
    };
    let mut shown: Vec<Container> = session.ground.table.containers();
    shown.reverse();
    shown.retain(|container| {
        (all || last.is_some() || matches!(container.status().phase, Phase::Running | Phase::Restarting))
            && fits(session, container, &filters)
    });
    if let Some(last) = last {
        shown.truncate(last);
    }
    let whole = parsed.on("no-trunc");
    if parsed.on("quiet") {
        for container in &shown {
            session.line(if whole { container.id() } else { container.short_id() }).await;
        }
        return Ok(0);
    }
    let mut listing = Listing::default();
    for container in &shown {
        listing.push(row(container, whole));
    }
    let mut columns = vec!["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];
    if parsed.on("size") {
        columns.push("Size");
    }
    let headings = [
        ("ID", "CONTAINER ID"),
        ("Image", "IMAGE"),
        ("Command", "COMMAND"),
        ("RunningFor", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("Status", "STATUS"),
        ("State", "STATE"),
        ("Ports", "PORTS"),
        ("Names", "NAMES"),
        ("Labels", "LABELS"),
        ("Mounts", "MOUNTS"),
        ("Networks", "NETWORKS"),
        ("Size", "SIZE"),
        ("LocalVolumes", "LOCAL VOLUMES"),
    ];
    session.out(listing.render(parsed.last("format"), &columns, &headings).map_err(Failure::new)?).await;
    Ok(0)
}

fn row(container: &Container, whole: bool) -> [(&'static str, String); 14] {
    let status = container.status();
    let command = command_line(&container.plan().argv());
    let command = match command.chars().count() > 20 && !whole {
        true => command.chars().take(19).collect::<String>() + "…",
        false => command,
    };
    let labels = container.plan().labels.iter().map(|(key, value)| format!("{key}={value}"));
    let mounts: Vec<String> = container
        .mounts()
        .iter()
        .filter_map(|mount| match &mount.kind {
            MountKind::Bind { named, .. } => Some(named.clone()),
            MountKind::Volume { volume, .. } => Some(volume.name.chars().take(if whole { 64 } else { 15 }).collect()),
            MountKind::Tmpfs { .. } => None,
        })
        .collect();
    let volumes = container.mounts().iter().filter(|mount| matches!(mount.kind, MountKind::Volume { .. })).count();
    [
        ("ID", if whole { container.id().to_owned() } else { container.short_id().to_owned() }),
        ("Image", container.base().reference.clone()),
        ("Command", format!("{command:?}")),
        ("RunningFor", format!("{} ago", since(container.created()))),
        ("CreatedAt", moment(container.created())),
        ("Status", state(container)),
        ("State", status.word().to_owned()),
        ("Ports", ports(container)),
        ("Names", container.name()),
        ("Labels", labels.collect::<Vec<_>>().join(",")),
        ("Mounts", mounts.join(",")),
        ("Networks", network(container)),
        ("Size", "0B".into()),
        ("LocalVolumes", volumes.to_string()),
    ]
}

/// Arguments with blanks in them are quoted; the program is not.
fn command_line(argv: &[String]) -> String {
    let shown = argv.iter().enumerate().map(|(at, word)| match at > 0 && word.contains(' ') {
        true => format!("'{word}'"),
        false => word.clone(),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// As docker writes times in tables.
pub(super) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}

fn network(container: &Container) -> String {
    match &container.options().network {
        NetworkMode::Default => "bridge".into(),
        NetworkMode::Host => "host".into(),
        NetworkMode::None => "none".into(),
        NetworkMode::Named(name) => name.clone(),
        NetworkMode::Container(_) => String::new(),
    }
}

/// `Up 3 seconds (healthy)`, `Exited (0) 2 minutes ago`.
pub(super) fn state(container: &Container) -> String {
    let status = container.status();
    let code = status.exit_code;
    match status.phase {
        Phase::Created => "Created".into(),
        Phase::Removed => "Removal In Progress".into(),
        Phase::Exited => format!("Exited ({code}) {} ago", status.finished.map_or_else(String::new, since)),
        Phase::Restarting => format!("Restarting ({code}) {} ago", status.finished.map_or_else(String::new, since)),
        Phase::Running => {
            let up = format!("Up {}", status.started.map_or_else(String::new, since));
            match status.health {
                Some(health) if health.verdict == container::Verdict::Starting => format!("{up} (health: starting)"),
                Some(health) => format!("{up} ({})", health.verdict.name()),
                None => up,
            }
        }
    }
}

fn ports(container: &Container) -> String {
    if container.status().phase != Phase::Running {
        return String::new();
    }
    let published = container.published();
    let mut shown: Vec<String> = published.iter().map(|(port, address)| format!("{address}->{port}")).collect();
    let exposed = &container.plan().exposed;
    shown.extend(
        exposed.iter().filter(|port| !published.iter().any(|(known, _)| known == *port)).map(ToString::to_string),
    );
    shown.join(", ")
}

/// How long ago, in docker's words.
pub(super) fn since(time: Timestamp) -> String {
    let seconds = Timestamp::now().duration_since(time).as_secs().max(0);
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        0 => "Less than a second".into(),
        1 => "1 second".into(),
        2..60 => format!("{seconds} seconds"),
        _ if minutes == 1 => "About a minute".into(),
        _ if minutes < 46 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".into(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        _ if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

/// The `--filter`s, each as key and value. `known` are those the command has.
pub(super) fn filters(parsed: &Parsed, known: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let read = |text: &str| {
        let bad = || Failure {
            code: 125,
            text: format!(
                "invalid argument {text:?} for \"-f, --filter\" flag: bad format of filter (expected name=value)"
            ),
        };
        let (key, value) = text.split_once('=').ok_or_else(bad)?;
        let key = key.trim().to_ascii_lowercase();
        match known.contains(&key.as_str()) {
            true => Ok((key, value.trim().to_owned())),
            false => Err(Failure::daemon(format!("invalid filter '{key}'"))),
        }
    };
    parsed.all("filter").map(read).collect()
}

/// Filters of `ps`.
const FILTERS: &[&str] = &["name", "id", "status", "exited", "label", "ancestor", "health", "network", "volume"];

fn fits(session: &Session, container: &Container, filters: &[(String, String)]) -> bool {
    let status = container.status();
    let one = |key: &str, value: &str| match key {
        "name" => container.name().contains(value.trim_start_matches(['^', '/']).trim_end_matches('$')),
        "id" => container.id().starts_with(value),
        "status" => status.word() == value,
        "exited" => status.phase == Phase::Exited && status.exit_code.to_string() == value,
        "label" => match value.split_once('=') {
            Some((label, value)) => container.plan().labels.get(label).is_some_and(|known| known == value),
            None => container.plan().labels.contains_key(value),
        },
        "ancestor" => {
            let id = session.ground.store.find(value).ok();
            container.base().reference == value
                || container.base().id.trim_start_matches("sha256:").starts_with(value.trim_start_matches("sha256:"))
                || id
                    .and_then(|found| session.ground.store.image(&found.descriptor, &image::Platform::host()).ok())
                    .is_some_and(|image| image.config_digest.to_string() == container.base().id)
        }
        "health" => match &status.health {
            Some(health) => health.verdict.name() == value,
            None => value == "none",
        },
        "network" => network(container) == value,
        "volume" => container.mounts().iter().any(|mount| {
            mount.target == value || matches!(&mount.kind, MountKind::Volume { volume, .. } if volume.name == value)
        }),
        _ => false,
    };
    // Values of one key are alternatives, except labels; keys come together.
    let mut keys: Vec<&str> = filters.iter().map(|(key, _)| key.as_str()).collect();
    keys.dedup();
    keys.iter().all(|key| {
        let mut values = filters.iter().filter(|(known, _)| known == key).map(|(_, value)| value.as_str());
        if *key == "label" { values.all(|value| one(key, value)) } else { values.any(|value| one(key, value)) }
    })
}
