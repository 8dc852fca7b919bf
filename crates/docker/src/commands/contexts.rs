//! `docker context`: there is one place where containers run, `default`. Programs ask which one it is.

use container::flags::Parsed;
use serde_json::{Value, json};

use super::inspect::show;
use crate::failure::{Failure, Outcome};
use crate::listing::Listing;
use crate::session::Session;

const DEFAULT: &str = "default";
/// Where docker's own default leads. Nobody listens there.
const ENDPOINT: &str = "unix:///var/run/docker.sock";

pub(super) async fn which(session: &Session, _parsed: Parsed) -> Outcome {
    session.line(DEFAULT).await;
    Ok(0)
}

pub(super) async fn switch(session: &Session, parsed: Parsed) -> Outcome {
    known(&parsed.rest[0])?;
    session.line(DEFAULT).await;
    session.err(format!("Current context is now {DEFAULT:?}\n")).await;
    Ok(0)
}

pub(super) async fn ls(session: &Session, parsed: Parsed) -> Outcome {
    if parsed.on("quiet") {
        return which(session, parsed).await;
    }
    let mut listing = Listing::default();
    listing.push([
        ("Name", DEFAULT.to_owned()),
        ("Shown", format!("{DEFAULT} *")),
        ("Current", "true".to_owned()),
        ("Description", "Containers of this job".to_owned()),
        ("DockerEndpoint", ENDPOINT.to_owned()),
        ("Error", String::new()),
    ]);
    let headings = [
        ("Name", "NAME"),
        ("Shown", "NAME"),
        ("Description", "DESCRIPTION"),
        ("DockerEndpoint", "DOCKER ENDPOINT"),
        ("Error", "ERROR"),
    ];
    let columns = ["Shown", "Description", "DockerEndpoint", "Error"];
    session.out(listing.render(parsed.last("format"), &columns, &headings).map_err(Failure::new)?).await;
    Ok(0)
}

pub(super) async fn inspect(session: &Session, mut parsed: Parsed) -> Outcome {
    if parsed.rest.is_empty() {
        parsed.rest.push(DEFAULT.to_owned());
    }
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for name in &parsed.rest {
        match known(name) {
            Ok(()) => found.push(described()),
            Err(failure) => failed.push(failure.text),
        }
    }
    show(session, &parsed, found, failed).await
}

fn described() -> Value {
    json!({
        "Name": DEFAULT,
        "Metadata": {},
        "Endpoints": { "docker": { "Host": ENDPOINT, "SkipTLSVerify": false } },
        "TLSMaterial": {},
        "Storage": { "MetadataPath": "<IN MEMORY>", "TLSPath": "<IN MEMORY>" },
    })
}

fn known(name: &str) -> Result<(), Failure> {
    if name == DEFAULT {
        return Ok(());
    }
    Err(Failure::new(format!("context {name:?} does not exist: there is one place where containers run, {DEFAULT:?}")))
}
