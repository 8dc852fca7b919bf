//! The helper process: single-threaded, forks one init for each sandbox, removes what sandboxes leave.
//!
//! It reads requests from one socket. When that socket closes, the calling process is gone: the helper ends every
//! init, removes what is left of all sandboxes and exits. When the calling process only stands still, the helper ends
//! the sandboxes at the time that it was given for that.

mod alarm;
mod cgroups;
mod furnish;
mod ground;
mod ids;
mod image_root;
mod init;
mod layout;
mod mounts;
pub(crate) mod network;
mod points;
mod settle;
mod start;
mod tree;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use crate::wire::{Hello, ToHelper, Wire as _};
use crate::{channel, remains, sys};
use alarm::Alarm;
use ground::Ground;
pub(crate) use image_root::sibling as work_beside;

/// The hidden first argument that turns this executable into a helper.
pub(crate) const HELPER_WORD: &str = "__sandbox-helper";

/// Must be the first thing `main` calls, before any thread or runtime: when this process was started as a
/// sandbox helper it does that work and never returns; otherwise it returns at once.
pub fn maybe_run_helper() {
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_some_and(|word| word == HELPER_WORD) {
        sys::exit(i32::from(run().is_err()));
    }
}

/// Runs before `main` in every program that links this crate with the feature.
#[cfg(feature = "helper-constructor")]
#[used]
// SAFETY: the section holds pointers to functions without arguments or results; the program's start-up code calls
// each once, single-threaded, with the C library ready.
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = {
    extern "C" fn construct() {
        maybe_run_helper();
    }
    construct
};

fn run() -> io::Result<()> {
    sys::set_name(c"trunkline-helper");
    // A session of its own: the terminal's Ctrl-C is for the calling process alone.
    let _ = rustix::process::setsid();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // SAFETY: the standard library owns nothing beyond the standard streams here.
    unsafe { sys::close_from(3) };
    // The socket came as standard input, which is how `std::process` hands over a descriptor.
    let control = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    drop(null);
    let signals = sys::take_signals(&[libc::SIGCHLD])?;
    sys::set_rlimits();

    let Some(first) = channel::receive(&control)? else {
        return Ok(());
    };
    let hello = Hello::decode(&first.bytes).map_err(io::Error::other)?;
    let held = remains::hold(&hello.instance)?;
    let ground = ground::prepare(&hello);
    Helper {
        hello,
        ground,
        control,
        signals,
        alarm: Alarm::new()?,
        held,
        inits: Vec::new(),
        networks: Vec::new(),
        cleaner: None,
        waste: Waste::default(),
    }
    .serve()
}

struct Helper {
    hello: Hello,
    ground: Ground,
    control: OwnedFd,
    signals: OwnedFd,
    alarm: Alarm,
    /// Says that the instance is still worked in.
    held: File,
    inits: Vec<i32>,
    networks: Vec<i32>,
    /// At most one at a time: it is not to take the processors from the jobs.
    cleaner: Option<i32>,
    waste: Waste,
}

/// What is to be removed once the cleaner has time.
#[derive(Default)]
struct Waste {
    paths: Vec<PathBuf>,
    cgroups: Vec<PathBuf>,
    records: Vec<PathBuf>,
}

impl Waste {
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.cgroups.is_empty() && self.records.is_empty()
    }
}

impl Helper {
    fn serve(mut self) -> io::Result<()> {
        loop {
            let (mut asked, mut ended, mut late) = (false, false, false);
            {
                let mut waiting = [
                    PollFd::new(&self.control, PollFlags::IN),
                    PollFd::new(&self.signals, PollFlags::IN),
                    PollFd::new(&self.alarm, PollFlags::IN),
                ];
                match poll(&mut waiting, None) {
                    Ok(_) => {
                        asked = !waiting[0].revents().is_empty();
                        ended = !waiting[1].revents().is_empty();
                        late = !waiting[2].revents().is_empty();
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    Err(errno) => return Err(errno.into()),
                }
            }
            if ended {
                while sys::next_signal(&self.signals).is_some() {}
                self.reap();
            }
            if asked {
                let Ok(Some(packet)) = channel::receive(&self.control) else {
                    break;
                };
                match ToHelper::decode(&packet.bytes) {
                    Ok(ToHelper::Create { number }) => {
                        if let Some(channel) = packet.fds.into_iter().next() {
                            self.create(number, channel);
                        }
                    }
                    Ok(ToHelper::Network {}) => {
                        if let Some(channel) = packet.fds.into_iter().next() {
                            self.network(channel);
                        }
                    }
                    Ok(ToHelper::Remove { paths, cgroups, records }) => {
                        self.waste.paths.extend(paths);
                        self.waste.cgroups.extend(cgroups);
                        self.waste.records.extend(records);
                        self.clean();
                    }
                    Ok(ToHelper::EndAfter { milliseconds }) => {
                        self.alarm.set(milliseconds.map(Duration::from_millis))?;
                        // What it said before this is not to count any more.
                        late = false;
                    }
                    Err(_) => break,
                }
            }
            if late && self.alarm.rang() {
                self.end_inits();
            }
        }
        self.finish();
        Ok(())
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, _))) = sys::reap() {
            self.inits.retain(|init| *init != pid);
            self.networks.retain(|network| *network != pid);
            if self.cleaner == Some(pid) {
                self.cleaner = None;
            }
        }
        self.clean();
    }

    fn create(&mut self, number: u32, channel: OwnedFd) {
        let flags = if self.ground.isolates() { libc::CLONE_NEWPID } else { 0 };
        // SAFETY: this process has a single thread from its start to its end.
        match unsafe { sys::fork(flags) } {
            Ok(Some(pid)) => self.inits.push(pid),
            Ok(None) => init::main(&self.hello, &self.ground, number, channel),
            Err(error) => {
                let failed = crate::wire::FromInit::Failed {
                    step: "making a process for it".into(),
                    errno: error.raw_os_error().unwrap_or(libc::EIO),
                };
                let _ = channel::send(channel.as_fd(), &failed.encode(), &[]);
            }
        }
    }

    fn network(&mut self, channel: OwnedFd) {
        // SAFETY: this process has a single thread from its start to its end.
        match unsafe { sys::fork(0) } {
            Ok(Some(pid)) => self.networks.push(pid),
            Ok(None) => network::main(&self.ground, channel),
            // The caller sees the socket close.
            Err(_) => {}
        }
    }

    /// Large trees take seconds to remove; a process of its own does it, while nobody else wants the processor.
    fn clean(&mut self) {
        if self.cleaner.is_some() || self.waste.is_empty() {
            return;
        }
        let waste = std::mem::take(&mut self.waste);
        // SAFETY: this process has a single thread from its start to its end.
        match unsafe { sys::fork(0) } {
            Ok(Some(pid)) => self.cleaner = Some(pid),
            Ok(None) => {
                sys::set_name(c"trunkline-clean");
                sys::yield_to_others();
                remains::remove(&waste.paths, &waste.cgroups, &waste.records);
                sys::exit(0);
            }
            // Left for the end of this helper, or for the next sweep.
            Err(_) => {}
        }
    }

    /// The inits of pid namespaces take everything with them. The others must do the killing themselves.
    fn end_inits(&self) {
        let signal = if self.ground.isolates() { libc::SIGKILL } else { libc::SIGTERM };
        for pid in &self.inits {
            let _ = sys::kill(*pid, signal);
        }
    }

    fn finish(mut self) {
        self.end_inits();
        for pid in &self.networks {
            let _ = sys::kill(*pid, libc::SIGTERM);
        }
        for pid in self.inits.drain(..).chain(self.cleaner.take()).chain(self.networks.drain(..)) {
            let _ = sys::wait_for(pid);
        }
        remains::remove(&self.waste.paths, &self.waste.cgroups, &self.waste.records);
        self.ground.leave();
        remains::remove_instance(&self.hello.instance, self.held);
    }
}
