//! Who is called what in a network, and who has which address.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::Ipv4Addr;

/// A subnet: its first address and the length of its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subnet {
    first: u32,
    prefix: u8,
}

impl Subnet {
    /// `None` unless the prefix leaves room for a gateway and members, and the address has nothing after it.
    pub(super) fn new(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        if !(8..=29).contains(&prefix) {
            return None;
        }
        let mask = u32::MAX << (32 - prefix);
        (address.to_bits() & !mask == 0).then(|| Self { first: address.to_bits(), prefix })
    }

    pub(super) fn parts(self) -> (Ipv4Addr, u8) {
        (Ipv4Addr::from_bits(self.first), self.prefix)
    }

    fn size(self) -> u32 {
        1 << (32 - self.prefix)
    }

    pub(super) fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first + 1)
    }

    pub(super) fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits().wrapping_sub(self.first) < self.size()
    }

    /// One that no route of this machine touches, the same for the same seed on an idle machine. `routes` is
    /// `/proc/net/route`.
    pub(super) fn free(routes: &str, seed: u32) -> Option<Self> {
        const FIRST: u32 = 0x0ad5_0000; // 10.213.0.0/16, in pieces of 256
        const PIECES: u32 = 256;
        let taken: Vec<(u32, u32)> = routes.lines().skip(1).filter_map(route).filter(|(_, mask)| *mask != 0).collect();
        (0..PIECES)
            .map(|offset| Self { first: FIRST + ((seed.wrapping_add(offset) % PIECES) << 8), prefix: 24 })
            .find(|one| !taken.iter().any(|(to, mask)| (one.first ^ to) & mask & 0xffff_ff00 == 0))
    }
}

/// Destination and mask of one line; the kernel prints them as they lie in memory.
fn route(line: &str) -> Option<(u32, u32)> {
    let mut fields = line.split_ascii_whitespace();
    let mut number = |skip: usize| Some(u32::from_str_radix(fields.nth(skip)?, 16).ok()?.swap_bytes());
    Some((number(1)?, number(5)?))
}

/// Names and addresses in use.
#[derive(Debug)]
pub(super) struct Names {
    subnet: Subnet,
    /// Lower case, without a dot at the end.
    by_name: HashMap<String, Vec<Ipv4Addr>>,
    /// The first name is what an address is called when asked for by number.
    by_address: BTreeMap<Ipv4Addr, Vec<String>>,
    used: HashSet<Ipv4Addr>,
    last: u32,
}

/// Why there is no place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Outside,
    Used,
    Full,
}

impl Names {
    pub(super) fn new(subnet: Subnet, gateway_names: &[String]) -> Self {
        let gateway = subnet.gateway();
        let (by_name, by_address, used) = (HashMap::new(), BTreeMap::new(), HashSet::from([gateway]));
        let mut names = Self { subnet, by_name, by_address, used, last: 1 };
        names.enter(gateway, gateway_names.iter().map(String::as_str));
        names
    }

    /// Takes an address, the wanted one or the one free the longest.
    pub(super) fn take(&mut self, wanted: Option<Ipv4Addr>) -> Result<Ipv4Addr, Taken> {
        let last = self.subnet.size() - 2;
        let address = match wanted {
            Some(address) => {
                let offset = address.to_bits().wrapping_sub(self.subnet.first);
                if !(2..=last).contains(&offset) {
                    return Err(Taken::Outside);
                }
                address
            }
            None => (0..last)
                .map(|step| (self.last - 1 + step) % (last - 1) + 2)
                .map(|offset| Ipv4Addr::from_bits(self.subnet.first + offset))
                .find(|address| !self.used.contains(address))
                .ok_or(Taken::Full)?,
        };
        if !self.used.insert(address) {
            return Err(Taken::Used);
        }
        if wanted.is_none() {
            self.last = address.to_bits() - self.subnet.first;
        }
        Ok(address)
    }

    /// Gives names to an address.
    pub(super) fn enter<'a>(&mut self, address: Ipv4Addr, names: impl Iterator<Item = &'a str>) {
        for name in names {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let known = self.by_address.entry(address).or_default();
            if !name.is_empty() && !known.contains(&name) {
                known.push(name.clone());
                self.by_name.entry(name).or_default().push(address);
            }
        }
    }

    pub(super) fn leave(&mut self, address: Ipv4Addr) {
        self.used.remove(&address);
        for name in self.by_address.remove(&address).unwrap_or_default() {
            if let Some(addresses) = self.by_name.get_mut(&name) {
                addresses.retain(|other| *other != address);
                if addresses.is_empty() {
                    self.by_name.remove(&name);
                }
            }
        }
    }

    /// All addresses of a name; `None` when nobody has it.
    pub(super) fn addresses(&self, name: &str) -> Option<&[Ipv4Addr]> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.by_name.get(&name).map(Vec::as_slice)
    }

    /// The name of an address, `Some(None)` for one of this network that has none.
    pub(super) fn name(&self, address: Ipv4Addr) -> Option<Option<&str>> {
        let known = self.by_address.get(&address).and_then(|names| names.first()).map(String::as_str);
        self.subnet.contains(address).then_some(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let subnet = Subnet::new(Ipv4Addr::new(10, 1, 2, 0), 29).expect("subnet");
        Names::new(subnet, &["host.docker.internal".into()])
    }

    #[test]
    fn addresses_are_used_once_and_again_when_free() {
        let mut names = names();
        let own = |last| Ipv4Addr::new(10, 1, 2, last);
        assert_eq!(names.take(Some(own(3))), Ok(own(3)));
        assert_eq!(names.take(Some(own(3))), Err(Taken::Used));
        for outside in [own(0), own(7), own(8), Ipv4Addr::new(10, 1, 1, 3)] {
            assert_eq!(names.take(Some(outside)), Err(Taken::Outside), "{outside}");
        }
        assert_eq!(names.take(Some(own(1))), Err(Taken::Outside), "the gateway's");
        let taken: Vec<_> = std::iter::from_fn(|| names.take(None).ok()).collect();
        assert_eq!(taken, [2, 4, 5, 6].map(own));
        assert_eq!(names.take(None), Err(Taken::Full));
        names.leave(own(4));
        assert_eq!(names.take(None), Ok(own(4)));
    }

    #[test]
    fn names_in_any_case_and_shared() {
        let mut names = names();
        let (one, two) = (names.take(None).expect("address"), names.take(None).expect("address"));
        names.enter(one, ["DB", "db-1", "db"].into_iter());
        names.enter(two, ["db."].into_iter());
        assert_eq!(names.addresses("Db"), Some(&[one, two][..]));
        assert_eq!(names.name(one), Some(Some("db")));
        assert_eq!(names.name(Ipv4Addr::new(10, 1, 2, 6)), Some(None));
        assert_eq!(names.name(Ipv4Addr::new(10, 1, 3, 6)), None);
        names.leave(one);
        assert_eq!((names.addresses("db"), names.addresses("db-1")), (Some(&[two][..]), None));
        assert!(names.addresses("host.docker.internal.").is_some());
    }

    #[test]
    fn a_free_subnet_avoids_routes() {
        let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n";
        let line = |to: &str, mask: &str| format!("{head}eth0\t{to}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n");
        let free = |routes: &str| Subnet::free(routes, 7).map(|subnet| subnet.parts().0.to_string());
        assert_eq!(
            free(&line("00000000", "00000000")).as_deref(),
            Some("10.213.7.0"),
            "the default route is no obstacle"
        );
        assert_eq!(free(&line("0007D50A", "00FFFFFF")).as_deref(), Some("10.213.8.0"));
        assert_eq!(free(&line("8007D50A", "80FFFFFF")).as_deref(), Some("10.213.8.0"), "a part of it");
        assert_eq!(free(&line("0000000A", "000000FF")), None, "10/8 is all taken");
        assert_eq!(Subnet::new(Ipv4Addr::new(10, 0, 0, 1), 24), None);
        assert_eq!(Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 31), None);
    }
}
