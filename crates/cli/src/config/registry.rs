use std::collections::BTreeMap;

use image::client::Routes;
use serde::Deserialize;
use toml::Spanned;

use super::{FILE, RegistryServe, position};
use crate::failure::Failure;

/// The name that stands for the registry inside this program.
const EMBEDDED: &str = "embedded";

/// Where registries really are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Registry {
    /// Registries that another stands in for: its address, or `embedded`.
    map: BTreeMap<String, Spanned<String>>,
    /// Registries asked before another one, for pulls.
    mirrors: BTreeMap<String, Vec<Spanned<String>>>,
    /// Hosts that may be spoken to without TLS.
    insecure: Vec<String>,
    /// What this machine offers to others.
    pub(crate) serve: RegistryServe,
}

impl Registry {
    /// Hosts that the embedded registry stands in for.
    pub(crate) fn embedded(&self) -> Vec<String> {
        self.map.iter().filter(|(_, to)| to.get_ref() == EMBEDDED).map(|(name, _)| name.clone()).collect()
    }

    /// Whether something is said about where a registry is.
    pub(crate) fn maps(&self, host: &str) -> bool {
        self.map.contains_key(host)
    }

    /// The routes of a client. `embedded` is the address of the embedded registry; without one, what is mapped to it is
    /// left where it is.
    pub(crate) fn routes(&self, embedded: Option<&str>) -> Routes {
        let address = |address: &Spanned<String>| match (address.get_ref().as_str(), embedded) {
            (EMBEDDED, embedded) => embedded.map(str::to_owned),
            (address, _) => Some(address.to_owned()),
        };
        let map = self.map.iter().filter_map(|(name, to)| Some((name.clone(), address(to)?))).collect();
        let all = |mirrors: &Vec<Spanned<String>>| mirrors.iter().map(|mirror| mirror.get_ref().clone()).collect();
        let mirrors = self.mirrors.iter().map(|(name, mirrors)| (name.clone(), all(mirrors))).collect();
        Routes { map, mirrors, insecure: self.insecure.clone(), ..Routes::default() }
    }

    pub(super) fn check(&self, text: &str) -> Result<(), Failure> {
        for (name, address) in &self.map {
            if address.get_ref() != EMBEDDED {
                refuse(text, &format!("registry.map.\"{name}\""), address, ", nor `embedded`")?;
            }
        }
        for (name, mirrors) in &self.mirrors {
            for mirror in mirrors {
                refuse(text, &format!("registry.mirrors.\"{name}\""), mirror, "")?;
            }
        }
        self.serve.check(text)
    }
}

fn refuse(text: &str, key: &str, address: &Spanned<String>, also: &str) -> Result<(), Failure> {
    match Routes::check_address(address.get_ref()) {
        Ok(()) => Ok(()),
        Err(error) => {
            let place = position(text, address.span().start);
            Err(Failure::invalid(format!("{FILE}{place}: {key}: {error}{also}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn the_embedded_registry_has_an_address_once_it_runs() {
        let text = "[registry]\ninsecure = [\"old.example\"]\n[registry.map]\n\"ghcr.io\" = \"embedded\"\n\
                    \"quay.io\" = \"127.0.0.1:5000/quay\"\n[registry.mirrors]\n\"docker.io\" = [\"m.example\"]";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.registry.embedded(), ["ghcr.io"]);
        assert!(config.registry.maps("quay.io") && !config.registry.maps("docker.io"));
        let routes = config.registry.routes(Some("127.0.0.1:4000"));
        assert_eq!(routes.map["ghcr.io"], "127.0.0.1:4000");
        assert_eq!(routes.map["quay.io"], "127.0.0.1:5000/quay");
        assert_eq!(routes.mirrors["docker.io"], ["m.example"]);
        assert_eq!(routes.insecure, ["old.example"]);
        assert!(!config.registry.routes(None).map.contains_key("ghcr.io"));
    }
}
