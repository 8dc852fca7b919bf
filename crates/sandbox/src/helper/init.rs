//! The init of one sandbox: sets it up, then starts processes, reaps them and reports how they ended.
//!
//! It ends, and with it everything inside, when its socket to the calling process closes.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::cgroups::{self, Applied, OutOfMemory};
use super::ground::{Ground, Kind};
use super::layout::{self, Failure, Step as _};
use super::settle::{self, Settled};
use super::start::{NotStarted, Starter};
use super::{image_root, mounts, tree};
use crate::wire::{FromInit, Hello, Ready, Setup, Start, ToInit, Wire as _};
use crate::{channel, sys};

/// How long killing may take before the rest is left to the kernel.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the init in the freshly forked child; never returns.
pub(super) fn main(hello: &Hello, ground: &Ground, number: u32, channel: OwnedFd) -> ! {
    sys::set_name(c"trunkline-init");
    // SAFETY: the child needs no other descriptor of the helper's; the helper's owners are never dropped here,
    // because this function does not return.
    let channel = unsafe {
        libc::dup3(channel.as_raw_fd(), 3, libc::O_CLOEXEC);
        std::mem::forget(channel);
        sys::close_from(4);
        OwnedFd::from_raw_fd(3)
    };
    let death = if ground.isolates() { libc::SIGKILL } else { libc::SIGTERM };
    let _ = sys::prctl(libc::PR_SET_PDEATHSIG, death as _);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(hello, ground, number, &channel)));
    let failure = match ended {
        Ok(Ok(())) => sys::exit(0),
        Ok(Err(failure)) => failure,
        Err(_) => Failure { step: "internal error".into(), error: io::Error::from_raw_os_error(libc::EFAULT) },
    };
    let errno = failure.error.raw_os_error().unwrap_or(libc::EIO);
    let _ = channel::send(&channel, &FromInit::Failed { step: failure.step, errno }.encode(), &[]);
    sys::exit(1)
}

fn run(hello: &Hello, ground: &Ground, number: u32, channel: &OwnedFd) -> Result<(), Failure> {
    let _ = rustix::process::setsid();
    let signals = sys::take_signals(&[libc::SIGCHLD, libc::SIGTERM]).step("taking over signals")?;
    // Still the host's /proc, so this is the id by which the host knows this process.
    let pid = std::fs::read_link("/proc/self").ok().and_then(|link| link.to_str()?.parse().ok()).unwrap_or_default();
    let base = match (hello.images, ground.isolates()) {
        (false, true) => Base::Host(layout::build(hello, ground, number)?),
        (true, true) => Base::Image(image_root::prepare(hello, number)?),
        (false, false) => {
            sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1).step("becoming the parent of orphans")?;
            Base::Plain
        }
        (true, false) => {
            let step = format!("making namespaces for an image: {}", ground.missing.join("; "));
            return Err(io::Error::from_raw_os_error(libc::EPERM)).step(step);
        }
    };

    // Prepared; what follows waits for a job.
    let (setup, given) = match channel::receive(channel).step("waiting for a job")? {
        None => return Ok(()),
        Some(packet) => match ToInit::decode(&packet.bytes) {
            Ok(ToInit::Setup { setup }) => {
                let mut fds = packet.fds.into_iter();
                let network = if setup.given_network { fds.next() } else { None };
                (setup, Given { network, trees: fds.collect() })
            }
            _ => {
                return Err(io::Error::from(io::ErrorKind::InvalidData)).step("reading the job's description");
            }
        },
    };
    let mut applied = cgroups::apply(&setup, &hello.instance, number);
    let settled = match (base, &setup.image) {
        (Base::Plain, _) => None,
        (Base::Host(layout), _) => Some(settle::settle(layout, ground, hello, &setup, given.network)?),
        (Base::Image(bare), Some(image)) => Some(image_root::settle(bare, ground, hello, &setup, image, given)?),
        (Base::Image(_), None) => {
            return Err(io::Error::from(io::ErrorKind::InvalidData)).step("reading the job's description");
        }
    };
    let ready = ready(pid, ground, &setup, settled.as_ref(), &mut applied);
    Init {
        channel,
        signals,
        settled,
        isolated: ground.isolates(),
        keys: HashMap::new(),
        running: HashMap::new(),
        starter: Starter::new(!ground.isolates(), applied.out_of_memory.is_some(), setup.image.as_ref()),
        out_of_memory: applied.out_of_memory,
    }
    .serve(ready)
}

fn ready(pid: i32, ground: &Ground, setup: &Setup, settled: Option<&Settled>, applied: &mut Applied) -> Ready {
    let limits = applied.missing.is_empty();
    let mut missing = settled.map_or_else(|| ground.missing.clone(), |settled| settled.missing.clone());
    if settled.is_none() && setup.private_network {
        missing.push("the network is the host's: there are no namespaces in host mode".into());
    }
    missing.append(&mut applied.missing);
    Ready {
        pid,
        mode: match ground.kind {
            Kind::Root => 0,
            Kind::User => 1,
            Kind::Plain => 2,
        },
        pid_namespace: ground.isolates(),
        overlay: settled.is_some(),
        network: settled.is_some_and(|settled| settled.network),
        limits,
        missing,
        cgroups: std::mem::take(&mut applied.groups),
        uids: ground.ids.uids.clone(),
        gids: ground.ids.gids.clone(),
    }
}

/// What came with a job's description.
pub(super) struct Given {
    pub(super) network: Option<OwnedFd>,
    pub(super) trees: Vec<OwnedFd>,
}

/// What is prepared before the job is known.
enum Base {
    Plain,
    Host(layout::Layout),
    Image(image_root::Bare),
}

struct Init<'a> {
    channel: &'a OwnedFd,
    signals: OwnedFd,
    settled: Option<Settled>,
    isolated: bool,
    /// The caller's key of each running process to its id.
    keys: HashMap<u64, i32>,
    /// Back again, with the count of out-of-memory kills when it started.
    running: HashMap<i32, (u64, u64)>,
    starter: Starter,
    out_of_memory: Option<OutOfMemory>,
}

impl Init<'_> {
    fn serve(mut self, ready: Ready) -> Result<(), Failure> {
        self.answer(&FromInit::Ready { ready });
        loop {
            let (mut asked, mut signalled) = (false, false);
            {
                let mut waiting = [PollFd::new(self.channel, PollFlags::IN), PollFd::new(&self.signals, PollFlags::IN)];
                match poll(&mut waiting, None) {
                    Ok(_) => {
                        asked = !waiting[0].revents().is_empty();
                        signalled = !waiting[1].revents().is_empty();
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    Err(errno) => return Err(errno.into()).step("waiting"),
                }
            }
            if signalled {
                while let Some(signal) = sys::next_signal(&self.signals) {
                    if signal == libc::SIGTERM && !self.isolated {
                        self.kill_all();
                        return Ok(());
                    }
                }
                self.reap();
            }
            if asked {
                let message = match channel::receive(self.channel) {
                    Ok(Some(packet)) => ToInit::decode(&packet.bytes).map(|message| (message, packet.fds)).ok(),
                    _ => None,
                };
                let Some((message, fds)) = message else {
                    self.kill_all();
                    return Ok(());
                };
                if self.handle(message, fds).is_break() {
                    return Ok(());
                }
            }
        }
    }

    fn answer(&self, message: &FromInit) {
        // A caller that is gone shows as end of file at the next turn.
        let _ = channel::send(self.channel, &message.encode(), &[]);
    }

    fn handle(&mut self, message: ToInit, fds: Vec<OwnedFd>) -> std::ops::ControlFlow<()> {
        match message {
            ToInit::Setup { .. } => {}
            ToInit::Start { start } => self.start(start, fds),
            ToInit::Mount { id, lower, layer, target } => {
                let mounted = self.settled.as_ref().map_or_else(
                    || Err(io::ErrorKind::Unsupported.into()),
                    |settled| settled.mount(&lower, &layer, &target),
                );
                self.answer(&match mounted {
                    Ok(()) => FromInit::Done { id },
                    Err(error) => FromInit::Refused { id, errno: error.raw_os_error().unwrap_or(libc::ENOENT) },
                });
            }
            ToInit::Tree { id, path } => match self.isolated.then(|| mounts::inside_tree(&path)) {
                Some(Ok((tree, file))) => {
                    let _ = channel::send(self.channel, &FromInit::Tree { id, file }.encode(), &[tree.as_fd()]);
                }
                Some(Err(error)) => {
                    self.answer(&FromInit::Refused { id, errno: error.raw_os_error().unwrap_or(libc::EIO) });
                }
                None => self.answer(&FromInit::Refused { id, errno: libc::EOPNOTSUPP }),
            },
            ToInit::Signal { id, key, signal, group } => {
                if let Some(pid) = self.keys.get(&key) {
                    let _ = sys::kill(if group { -pid } else { *pid }, signal);
                }
                self.answer(&FromInit::Done { id });
            }
            ToInit::KillTree { id, key } => {
                if let Some(pid) = self.keys.get(&key) {
                    kill_tree(*pid);
                }
                self.answer(&FromInit::Done { id });
            }
            ToInit::KillGroup { id, group } => {
                // As long as somebody is left in a group, its number means nobody else.
                let _ = sys::kill(-group, libc::SIGKILL);
                self.answer(&FromInit::Done { id });
            }
            ToInit::KillAll { id } => {
                self.kill_all();
                self.answer(&FromInit::Done { id });
            }
            ToInit::List { id } => {
                let names = self.inside().into_iter().map(|entry| (entry.pid, entry.name)).collect();
                self.answer(&FromInit::Names { id, names });
            }
            ToInit::End { id } => {
                self.kill_all();
                if self.settled.take().is_some_and(|settled| settled.upper) {
                    let _ = image_root::leave();
                }
                self.answer(&FromInit::Done { id });
                return std::ops::ControlFlow::Break(());
            }
        }
        std::ops::ControlFlow::Continue(())
    }

    fn start(&mut self, start: Start, fds: Vec<OwnedFd>) {
        let key = start.key;
        let mut fds = fds.into_iter();
        let streams = [start.stdin, start.stdout, start.stderr].map(|given| given.then(|| fds.next()).flatten());
        let killed_before = self.oom_count();
        match self.starter.start(start, streams) {
            Ok(pid) => {
                self.keys.insert(key, pid);
                self.running.insert(pid, (key, killed_before));
                self.answer(&FromInit::Started { key, pid });
            }
            Err(NotStarted { stage, errno }) => {
                self.answer(&FromInit::NotStarted { key, stage, errno });
            }
        }
    }

    fn oom_count(&self) -> u64 {
        self.out_of_memory.as_ref().map_or(0, OutOfMemory::count)
    }

    /// Collects ended children; `false` when there are no children at all.
    fn reap(&mut self) -> bool {
        loop {
            match sys::reap() {
                Ok(Some((pid, status))) => {
                    let Some((key, killed_before)) = self.running.remove(&pid) else {
                        continue;
                    };
                    self.keys.remove(&key);
                    let (code, signal) = sys::decode_status(status);
                    let oom = code != Some(0) && self.oom_count() > killed_before;
                    self.answer(&FromInit::Exited { key, code, signal, oom });
                }
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Everything inside but this process.
    fn inside(&mut self) -> Vec<tree::Entry> {
        // Orphans become children of this process, so without children there is nobody; reading all of `/proc` costs
        // milliseconds on a busy machine.
        if !self.reap() {
            return Vec::new();
        }
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let all = tree::all();
        if self.isolated {
            all.into_iter().filter(|entry| entry.pid != own && !entry.zombie).collect()
        } else {
            tree::below(&all, own).into_iter().filter(|entry| !entry.zombie).cloned().collect()
        }
    }

    /// Kills until nothing is left. In a pid namespace one call reaches all; otherwise orphans become children of
    /// this process, so that repeating finds them all.
    fn kill_all(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = if self.isolated {
                let _ = sys::kill(-1, libc::SIGKILL);
                self.reap()
            } else {
                let inside = self.inside();
                for entry in &inside {
                    let _ = sys::kill(entry.pid, libc::SIGKILL);
                }
                self.reap() || !inside.is_empty()
            };
            if !left || Instant::now() > until {
                return;
            }
            let pause = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
            let mut waiting = [PollFd::new(&self.signals, PollFlags::IN)];
            let _ = poll(&mut waiting, Some(&pause));
            while sys::next_signal(&self.signals).is_some() {}
        }
    }
}

/// Kills a process, its descendants, and what shares its process group or session.
///
/// All are stopped before any is killed: a process with a signal pending cannot fork, and the child of a killed
/// parent would be nobody's descendant any more.
fn kill_tree(pid: i32) {
    const MOST_ROUNDS: u32 = 64;
    let mut stopped = vec![pid];
    let _ = sys::kill(pid, libc::SIGSTOP);
    for _ in 0..MOST_ROUNDS {
        let all = tree::all();
        let related = all.iter().filter(|entry| entry.group == pid || entry.session == pid);
        let found: Vec<i32> = tree::below(&all, pid)
            .into_iter()
            .chain(related)
            .filter(|entry| !entry.zombie)
            .map(|entry| entry.pid)
            .filter(|found| !stopped.contains(found))
            .collect();
        if found.is_empty() {
            break;
        }
        for found in found {
            let _ = sys::kill(found, libc::SIGSTOP);
            stopped.push(found);
        }
    }
    // Children first: the end of a parent would make the kernel continue its stopped children.
    for pid in stopped.into_iter().rev() {
        let _ = sys::kill(pid, libc::SIGKILL);
    }
}
