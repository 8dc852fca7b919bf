//! `docker network`.

use container::flags::Parsed;
use container::{Network, NetworkRequest};
use serde_json::{Value, json};

use super::ps;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::session::Session;

pub(super) async fn create(session: &Session, parsed: Parsed) -> Outcome {
    match parsed.last("driver") {
        None | Some("" | "bridge") => {}
        Some(other) => {
            return Err(Failure::new(format!(
                "docker network create: the driver {other} is not supported, only bridge"
            )));
        }
    }
    for name in [
        "gateway",
        "ip-range",
        "aux-address",
        "ipv6",
        "opt",
        "attachable",
        "ingress",
        "scope",
        "config-from",
        "config-only",
        "ipam-driver",
        "ipam-opt",
    ] {
        if parsed.given(name) && parsed.last(name) != Some("false") {
            return Err(Failure::new(format!("docker network create: --{name} is not supported")));
        }
    }
    let mut labels = Vec::new();
    for label in parsed.all("label") {
        let (key, value) = label.split_once('=').unwrap_or((label, ""));
        labels.push((key.to_owned(), value.to_owned()));
    }
    let subnet = parsed.last("subnet").map(subnet).transpose()?;
    let request = NetworkRequest { name: parsed.rest[0].clone(), labels, internal: parsed.on("internal"), subnet };
    let network = session.ground.table.create_network(request).await?;
    for missing in network.handle.missing() {
        session.err(format!("WARNING: {missing}\n")).await;
    }
    session.line(&network.id).await;
    Ok(0)
}

fn subnet(text: &str) -> Result<(std::net::Ipv4Addr, u8), Failure> {
    let invalid = || Failure::daemon(format!("invalid subnet {text}: only IPv4, as ADDRESS/PREFIX"));
    let (address, prefix) = text.split_once('/').ok_or_else(invalid)?;
    let prefix: u8 = prefix.parse().ok().filter(|prefix| (8..=30).contains(prefix)).ok_or_else(invalid)?;
    Ok((address.parse().map_err(|_| invalid())?, prefix))
}

/// The networks there are, with those that docker always has.
fn all(session: &Session) -> Vec<(String, String, &'static str)> {
    let networks = session.ground.table.networks();
    let mut rows: Vec<(String, String, &str)> =
        networks.into_iter().map(|network| (network.id, network.name, "bridge")).collect();
    for (name, driver) in [("bridge", "bridge"), ("host", "host"), ("none", "null")] {
        if !rows.iter().any(|(_, known, _)| known == name) {
            rows.push((
                format!("{name:0<64}").replace(|letter: char| !letter.is_ascii_hexdigit(), "0"),
                name.to_owned(),
                driver,
            ));
        }
    }
    rows.sort_by(|one, other| one.1.cmp(&other.1));
    rows
}

pub(super) async fn ls(session: &Session, parsed: Parsed) -> Outcome {
    let filters = ps::filters(&parsed, &["name", "id", "driver", "label"])?;
    let fits = |(id, name, driver): &(String, String, &str)| {
        filters.iter().all(|(key, value)| match key.as_str() {
            "name" => name.contains(value.trim_start_matches('^').trim_end_matches('$')),
            "id" => id.starts_with(value),
            "driver" => driver == value,
            "label" => session.ground.table.network(name).is_ok_and(|network| has_label(&network.labels, value)),
            _ => false,
        })
    };
    let rows = all(session).into_iter().filter(fits);
    let mut listing = Listing::default();
    for (id, name, driver) in rows {
        let id = if parsed.on("no-trunc") { id } else { id.chars().take(12).collect() };
        if parsed.on("quiet") {
            session.line(id).await;
            continue;
        }
        listing.push([("ID", id), ("Name", name), ("Driver", driver.to_owned()), ("Scope", "local".into())]);
    }
    if !parsed.on("quiet") {
        let headings = [("ID", "NETWORK ID"), ("Name", "NAME"), ("Driver", "DRIVER"), ("Scope", "SCOPE")];
        let text = listing.render(parsed.last("format"), &["ID", "Name", "Driver", "Scope"], &headings);
        session.out(text.map_err(Failure::new)?).await;
    }
    Ok(0)
}

pub(super) fn has_label(labels: &[(String, String)], wanted: &str) -> bool {
    labels.iter().any(|(key, value)| match wanted.split_once('=') {
        Some((name, text)) => key == name && value == text,
        None => key == wanted,
    })
}

pub(super) async fn rm(session: &Session, parsed: Parsed) -> Outcome {
    let mut code = 0;
    for name in &parsed.rest {
        match session.ground.table.remove_network(name).await {
            Ok(()) => session.line(name).await,
            Err(container::Error::NoNetwork(_)) if parsed.on("force") => {}
            Err(error) => {
                session.err(format!("Error response from daemon: {error}\n")).await;
                code = 1;
            }
        }
    }
    Ok(code)
}

/// A running container stays in its network: joining another one later would need another interface in it.
pub(super) async fn connect(session: &Session, parsed: Parsed) -> Outcome {
    let network = session.ground.table.network(&parsed.rest[0])?;
    let container = session.ground.table.container(&parsed.rest[1])?;
    if session.ground.table.members(&network).iter().any(|member| member.id() == container.id()) {
        return Err(Failure::daemon(format!(
            "endpoint with name {} already exists in network {}",
            container.name(),
            network.name
        )));
    }
    Err(Failure::new(format!(
        "docker network connect: a container stays in the network it was created with; create {} with --network {}",
        container.name(),
        network.name
    )))
}

pub(super) async fn prune(session: &Session, _parsed: Parsed) -> Outcome {
    let removed = prune_unused(session).await;
    if !removed.is_empty() {
        session.line(format!("Deleted Networks:\n{}\n", removed.join("\n"))).await;
    }
    Ok(0)
}

pub(super) async fn prune_unused(session: &Session) -> Vec<String> {
    let mut removed = Vec::new();
    let table = &session.ground.table;
    for network in table.networks() {
        if table.members(&network).is_empty() && table.remove_network(&network.name).await.is_ok() {
            removed.push(network.name);
        }
    }
    removed
}

/// As `docker network inspect` shows it.
pub(super) fn inspect(session: &Session, network: &Network) -> Value {
    let (address, prefix) = network.handle.subnet();
    let members: serde_json::Map<String, Value> = session
        .ground
        .table
        .members(network)
        .iter()
        .filter_map(|member| {
            let own = member.address()?;
            Some((member.id().to_owned(), json!({ "Name": member.name(), "IPv4Address": format!("{own}/{prefix}") })))
        })
        .collect();
    json!({
        "Name": network.name,
        "Id": network.id,
        "Created": network.created.to_string(),
        "Scope": "local",
        "Driver": "bridge",
        "EnableIPv6": false,
        "IPAM": { "Driver": "default", "Options": null, "Config": [{
            "Subnet": format!("{address}/{prefix}"), "Gateway": network.handle.gateway().to_string(),
        }] },
        "Internal": network.internal,
        "Containers": members,
        "Options": {},
        "Labels": network.labels.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
    })
}
