//! `--ulimit`, `--cap-add` and `--cap-drop`.

use std::collections::BTreeSet;

use sandbox::{Capability, Resource, Rlimit};

/// Reads `name=soft[:hard]`; `-1` is unlimited.
pub(super) fn ulimit(text: &str) -> Result<Rlimit, String> {
    let (name, values) = text.split_once('=').ok_or_else(|| format!("invalid ulimit argument: {text}"))?;
    let resource = Resource::from_name(name).ok_or_else(|| format!("invalid ulimit type: {name}"))?;
    let value = |text: &str| match text {
        "-1" | "unlimited" => Ok(u64::MAX),
        text => text.parse().map_err(|_| format!("invalid ulimit value: {text}")),
    };
    let (soft, hard) = match values.split_once(':') {
        Some((soft, hard)) => (value(soft)?, value(hard)?),
        None => (value(values)?, value(values)?),
    };
    if soft > hard {
        return Err(format!("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"));
    }
    Ok(Rlimit { resource, soft, hard })
}

/// What a container gets: docker's default with what is added and without what is dropped; everything when privileged.
/// Dropping `ALL` leaves what is added.
pub fn capabilities(add: &[String], drop: &[String], privileged: bool) -> Result<BTreeSet<Capability>, String> {
    if privileged {
        return Ok(Capability::all());
    }
    let read = |names: &[String]| -> Result<(bool, BTreeSet<Capability>), String> {
        let (mut everything, mut set) = (false, BTreeSet::new());
        for name in names {
            let upper = name.to_ascii_uppercase();
            if matches!(upper.as_str(), "ALL" | "CAP_ALL") {
                everything = true;
            } else {
                set.insert(Capability::from_name(name).ok_or_else(|| format!("invalid capability: {name:?}"))?);
            }
        }
        Ok((everything, set))
    };
    let ((add_all, added), (drop_all, dropped)) = (read(add)?, read(drop)?);
    Ok(match (add_all, drop_all) {
        (true, _) => Capability::all().difference(&dropped).copied().collect(),
        (false, true) => added,
        (false, false) => {
            Capability::docker_default().union(&added).copied().filter(|one| !dropped.contains(one)).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ulimits() {
        let limit = ulimit("nofile=1024:2048").unwrap();
        assert_eq!((limit.resource, limit.soft, limit.hard), (Resource::Nofile, 1024, 2048));
        assert_eq!(ulimit("memlock=-1:-1").unwrap().hard, u64::MAX);
        for wrong in ["nofile", "x=1", "nofile=a", "nofile=2:1", "nofile=-1:5"] {
            assert!(ulimit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn capabilities_are_added_and_dropped() {
        let set = |add: &[&str], drop: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
            capabilities(&owned(add), &owned(drop), false)
        };
        let of = |name: &str| Capability::from_name(name).unwrap();
        let changed = set(&["CAP_NET_ADMIN"], &["chown"]).unwrap();
        assert!(changed.contains(&of("NET_ADMIN")) && !changed.contains(&of("CHOWN")) && changed.contains(&of("KILL")));
        assert_eq!(set(&["kill"], &["ALL"]).unwrap(), BTreeSet::from([of("KILL")]));
        assert_eq!(set(&["ALL"], &["MKNOD"]).unwrap().len(), Capability::all().len() - 1);
        assert!(set(&["FLY"], &[]).is_err());
    }
}
