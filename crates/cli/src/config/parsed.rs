//! Values of configuration files that are more than text. Whoever reads the file adds the place to what is said here.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{bytes, duration, position};
use crate::failure::Failure;

macro_rules! parsed {
    ($(#[$doc:meta])* $name:ident($inner:ty), $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) $inner);

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(text).map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

parsed!(
    /// `512m`, `2g`.
    Size(u64),
    |text| bytes(text).ok_or_else(|| format!("expected a size such as 512m or 2g, not `{text}`"))
);

parsed!(
    /// `90s`, `24h`.
    Time(Duration),
    |text| duration(text).ok_or_else(|| format!("expected a time such as 30s, 5m, 24h or 30d, not `{text}`"))
);

parsed!(
    /// `127.0.0.1:3000`
    Listen(SocketAddr),
    |text| {
        let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
        found.ok_or_else(|| format!("expected HOST:PORT to listen on, such as 127.0.0.1:3000, not `{text}`"))
    }
);

parsed!(
    /// A proxy's address, or a network of proxies: `10.0.0.7`, `10.0.0.0/24`.
    Proxy(identity::Network),
    |text| text.parse::<identity::Network>().map_err(|error| error.to_string())
);

parsed!(
    /// `sandbox`, `host` or `image:REFERENCE`.
    Place(agent::Where),
    agent::Where::parse
);

parsed!(
    /// A directory, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`.
    Blobs(blob::objects::Address),
    |text| blob::objects::Address::parse(text).map_err(|error| error.to_string())
);

parsed!(
    /// `https://ci.example.com`
    Url(String),
    |text| match text.starts_with("http://") || text.starts_with("https://") {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err(format!("expected an address that begins with http:// or https://, not `{text}`")),
    }
);

parsed!(
    /// `LABEL=WHERE`
    Platform((String, agent::Where)),
    |text| {
        let (label, place) = text.split_once('=').ok_or_else(|| format!("expected LABEL=WHERE, not `{text}`"))?;
        Ok((label.to_owned(), agent::Where::parse(place)?))
    }
);

/// Reads a file of settings, naming file, line and column of what is wrong.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(path: &std::path::Path) -> Result<T, Failure> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::missing(format!("{shown} cannot be read: {error}")))?;
    toml::from_str(&text).map_err(|error| {
        let place = error.span().map(|span| position(&text, span.start)).unwrap_or_default();
        Failure::invalid(format!("{shown}{place}: {}", error.message()))
    })
}
