//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use identity::Proxies;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that are asked for; connections, git and databases share them.
const FILES: u64 = 65_536;
/// Connections that are useful at most.
const MOST: usize = 8192;

/// A count of what is open.
#[derive(Debug)]
pub(crate) struct Bounds {
    all: usize,
    /// From one address; but for this machine's own, and for proxies, behind which there are many.
    each: usize,
    proxies: Proxies,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    from: HashMap<IpAddr, usize>,
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    bounds: Arc<Bounds>,
    from: IpAddr,
}

impl Bounds {
    /// Half of the files that may be open.
    pub(crate) fn of_process(proxies: Proxies) -> Arc<Self> {
        let all = usize::try_from(raise_files() / 2).unwrap_or(MOST).clamp(16, MOST);
        Self::new(all, all / 4, proxies)
    }

    pub(super) fn new(all: usize, each: usize, proxies: Proxies) -> Arc<Self> {
        Arc::new(Self { all, each, proxies, open: Mutex::default() })
    }

    /// A place for a connection, or that there is none. An eighth is kept for this machine: runners and health checks.
    pub(super) fn admit(self: &Arc<Self>, from: IpAddr) -> Option<Admitted> {
        let own = from.to_canonical().is_loopback();
        let is_many = own || self.proxies.contains(from);
        let from = network(from);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all = if own { self.all } else { self.all - self.all / 8 };
        if open.count >= all {
            return None;
        }
        let here = open.from.entry(from).or_default();
        if !is_many && *here >= self.each {
            return None;
        }
        *here += 1;
        open.count += 1;
        Some(Admitted { bounds: Arc::clone(self), from })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.bounds.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.count -= 1;
        if let Some(here) = open.from.get_mut(&self.from) {
            *here -= 1;
            if *here == 0 {
                open.from.remove(&self.from);
            }
        }
    }
}

/// Whoever has an IPv6 address has all 2^64 of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        other => other,
    }
}

/// Raises the number of files that may be open as far as the system lets; how many there are.
fn raise_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (current, wanted) = (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX).min(FILES));
    if current >= wanted {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => wanted,
        Err(_) => current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_leaves_room_for_others() {
        let bounds = Bounds::new(16, 4, Proxies::default());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (mallory, alice, own) = (address("192.0.2.1"), address("192.0.2.2"), address("127.0.0.1"));
        let mut held: Vec<_> = (0..4).map(|_| bounds.admit(mallory).unwrap()).collect();
        assert!(bounds.admit(mallory).is_none());
        // One who has a whole network of addresses is one.
        held.extend((1..=4).map(|n| bounds.admit(address(&format!("2001:db8::{n}"))).unwrap()));
        assert!(bounds.admit(address("2001:db8::99")).is_none());
        held.extend((0..4).map(|_| bounds.admit(alice).unwrap()));
        held.extend((0..2).map(|_| bounds.admit(address("::ffff:192.0.2.3")).unwrap()));
        assert!(bounds.admit(address("192.0.2.4")).is_none(), "the rest is for this machine");
        held.extend((0..2).map(|_| bounds.admit(own).unwrap()));
        assert!(bounds.admit(own).is_none());
        held.clear();
        assert!(bounds.admit(mallory).is_some());
        assert!(bounds.open.lock().unwrap().from.is_empty());
    }

    #[test]
    fn behind_a_proxy_all_have_its_address() {
        let bounds = Bounds::new(16, 4, Proxies::new(vec!["192.0.2.0/24".parse().unwrap()]));
        let proxy = "192.0.2.1".parse().unwrap();
        let held: Vec<_> = (0..14).map(|_| bounds.admit(proxy).unwrap()).collect();
        assert!(bounds.admit(proxy).is_none());
        drop(held);
    }
}
