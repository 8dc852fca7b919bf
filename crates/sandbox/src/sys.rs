//! Thin safe covers over the system calls that have none elsewhere.

use std::ffi::{CStr, c_int, c_ulong};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd};

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Forks with namespace flags. `None` in the child.
///
/// # Safety
/// The calling process must be single-threaded: the child goes on with a copy of all memory and locks.
pub(crate) unsafe fn fork(flags: c_int) -> io::Result<Option<i32>> {
    // SAFETY: without CLONE_VM and with a null stack this is fork(2) with namespace flags; the caller vouches for
    // the absence of other threads.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone,
            c_ulong::from((flags | libc::SIGCHLD).cast_unsigned()),
            0_usize,
            0_usize,
            0_usize,
            0_usize,
        )
    };
    match pid {
        0 => Ok(None),
        pid if pid > 0 => Ok(Some(pid as i32)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Leaves the given namespaces for new ones.
pub(crate) fn unshare(flags: c_int) -> io::Result<()> {
    // SAFETY: takes only flags; none used in this crate touches memory or descriptor sharing.
    check(unsafe { libc::unshare(flags) }).map(drop)
}

/// Runs the calling process only while no other wants a processor; it may stay as it is where that is refused.
pub(crate) fn yield_to_others() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameters are a valid structure for the time of the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
}

/// `prctl` with one numeric argument.
pub(crate) fn prctl(option: c_int, argument: c_ulong) -> io::Result<()> {
    // SAFETY: every option used in this crate takes numbers only; unused arguments must be zero.
    check(unsafe { libc::prctl(option, argument, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong) }).map(drop)
}

/// The name shown by `ps` and kept by core files.
pub(crate) fn set_name(name: &CStr) {
    // SAFETY: PR_SET_NAME reads a terminated string, which a CStr is.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Ends this process without running destructors or exit handlers.
pub(crate) fn exit(code: c_int) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

/// `kill(2)`.
pub(crate) fn kill(pid: i32, signal: c_int) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// One ended child, if there is one; `Ok(None)` when children remain but none has ended, an error of kind `ECHILD`
/// when there are no children.
pub(crate) fn reap() -> io::Result<Option<(i32, c_int)>> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the result.
    let pid = check(unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) })?;
    Ok((pid > 0).then_some((pid, status)))
}

/// Waits for one child.
pub(crate) fn wait_for(pid: i32) -> io::Result<c_int> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a valid place for the result.
        match check(unsafe { libc::waitpid(pid, &raw mut status, 0) }) {
            Ok(_) => return Ok(status),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Exit code or signal of a wait status.
pub(crate) fn decode_status(status: c_int) -> (Option<i32>, Option<i32>) {
    if libc::WIFEXITED(status) { (Some(libc::WEXITSTATUS(status)), None) } else { (None, Some(libc::WTERMSIG(status))) }
}

/// Gives every signal its default action and blocks the given ones, which then arrive at the returned signalfd.
pub(crate) fn take_signals(signals: &[c_int]) -> io::Result<OwnedFd> {
    // SAFETY: all zeros are valid values (SIG_DFL, empty set); the pointers are to locals of the size the kernel reads.
    unsafe {
        // The kernel's own structure, zeroed: default action, no flags, empty mask. The C library's function would
        // refuse the two signals it keeps for itself, which may be ignored all the same when inherited.
        let default = [0_usize; 4];
        let none = std::ptr::null_mut::<libc::c_void>();
        for signal in 1..=64 {
            // Fails for KILL and STOP.
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), none, 8_usize);
        }
        let mut set: libc::sigset_t = std::mem::zeroed();
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
        let fd = check(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// The next signal waiting at a signalfd.
pub(crate) fn next_signal(fd: &OwnedFd) -> Option<c_int> {
    let mut buffer = [0_u8; size_of::<libc::signalfd_siginfo>()];
    let count = rustix::io::read(fd, &mut buffer).ok()?;
    // The first field of signalfd_siginfo is the signal's number.
    (count == buffer.len()).then(|| i32::from_ne_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]))
}

/// Closes every descriptor from `first` on.
///
/// # Safety
/// Nothing may use an owned descriptor from `first` on afterwards.
pub(crate) unsafe fn close_from(first: u32) {
    // SAFETY: the caller vouches for the descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0_u32) };
}

/// Makes a mount (with those below it, if `recursive`) read-only.
pub(crate) fn set_read_only(mount: impl AsFd, recursive: bool) -> io::Result<()> {
    restrict(mount, MOUNT_READ_ONLY, recursive)
}

pub(crate) const MOUNT_READ_ONLY: u64 = 1;
pub(crate) const MOUNT_NO_DEVICES: u64 = 4;

/// Adds attributes to a mount and, if `recursive`, to those below it.
pub(crate) fn restrict(mount: impl AsFd, attributes: u64, recursive: bool) -> io::Result<()> {
    #[repr(C)]
    struct Attributes {
        set: u64,
        clear: u64,
        propagation: u64,
        userns: u64,
    }
    let attributes = Attributes { set: attributes, clear: 0, propagation: 0, userns: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a terminated string and the structure lives through the call with its true size.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<Attributes>(),
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Enters a namespace of the given kind.
pub(crate) fn enter_namespace(namespace: impl AsFd, kind: c_int) -> io::Result<()> {
    // SAFETY: takes a descriptor, open through the call, and a number.
    check(unsafe { libc::setns(namespace.as_fd().as_raw_fd(), kind) }).map(drop)
}

/// The number of an interface in this thread's network namespace.
pub(crate) fn interface(name: &CStr) -> io::Result<u32> {
    // SAFETY: reads a terminated string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

/// Where a connection was headed before it was redirected here.
pub(crate) fn original_destination(socket: impl AsFd) -> io::Result<std::net::SocketAddrV4> {
    const SO_ORIGINAL_DST: c_int = 80;
    // SAFETY: all zeros are a valid value; the kernel writes at most the given size into the local.
    unsafe {
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        let mut size = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        let fd = socket.as_fd().as_raw_fd();
        check(libc::getsockopt(fd, libc::SOL_IP, SO_ORIGINAL_DST, (&raw mut address).cast(), &raw mut size))?;
        let host = std::net::Ipv4Addr::from_bits(u32::from_be(address.sin_addr.s_addr));
        Ok(std::net::SocketAddrV4::new(host, u16::from_be(address.sin_port)))
    }
}

/// The hard limit on a resource.
pub(crate) fn hard_limit(resource: u32) -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is a local, valid for the call.
    check(unsafe { libc::getrlimit(resource as _, &raw mut limit) })?;
    Ok(limit.rlim_max)
}

/// Sets the host name of this UTS namespace.
pub(crate) fn set_hostname(name: &str) -> io::Result<()> {
    // SAFETY: pointer and length belong to the same live string.
    check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}

/// Brings the loopback device of this network namespace up.
pub(crate) fn loopback_up() -> io::Result<()> {
    // SAFETY: the socket is owned here; the request structure is fully initialised and lives through the calls.
    unsafe {
        let socket =
            OwnedFd::from_raw_fd(check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?);
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        check(libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &raw mut request))?;
        request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short;
        check(libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw mut request)).map(drop)
    }
}

const CAP_MAC_OVERRIDE: c_ulong = 32;
const CAP_MAC_ADMIN: c_ulong = 33;
const CAP_SYSLOG: c_ulong = 34;
const CAP_SYS_MODULE: c_ulong = 16;
const CAP_SYS_RAWIO: c_ulong = 17;
const CAP_SYS_BOOT: c_ulong = 22;
const CAP_SYS_TIME: c_ulong = 25;
/// What reaches the kernel and hardware beyond any namespace.
const DROPPED: [c_ulong; 7] =
    [CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN, CAP_SYSLOG];

/// Drops, for good, the capabilities with which a job could break the host. Needs none itself beyond `SETPCAP`.
pub(crate) fn drop_capabilities() -> io::Result<()> {
    for capability in DROPPED {
        prctl(libc::PR_CAPBSET_DROP, capability)?;
    }
    let mut data = [CapabilityData::default(); 2];
    // SAFETY: version 3 of the interface reads one header and reads or writes two data elements, which these are.
    unsafe {
        if libc::syscall(libc::SYS_capget, &raw const CAPABILITY_HEADER, data.as_mut_ptr()) < 0 {
            return Err(io::Error::last_os_error());
        }
        for capability in DROPPED {
            let mask = !(1_u32 << (capability % 32));
            let half = &mut data[(capability / 32) as usize];
            half.effective &= mask;
            half.permitted &= mask;
            half.inheritable &= mask;
        }
        if libc::syscall(libc::SYS_capset, &raw const CAPABILITY_HEADER, data.as_ptr()) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

#[repr(C)]
pub(crate) struct CapabilityHeader {
    version: u32,
    pid: c_int,
}

pub(crate) static CAPABILITY_HEADER: CapabilityHeader = CapabilityHeader { version: 0x2008_0522, pid: 0 };

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CapabilityData {
    pub(crate) effective: u32,
    pub(crate) permitted: u32,
    pub(crate) inheritable: u32,
}

/// The capabilities this process holds, as a mask.
pub(crate) fn permitted() -> io::Result<u64> {
    let mut data = [CapabilityData::default(); 2];
    // SAFETY: version 3 of the interface reads one header and writes two data elements, which these are.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw const CAPABILITY_HEADER, data.as_mut_ptr()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(u64::from(data[0].permitted) | u64::from(data[1].permitted) << 32)
}

/// Raises the soft limit on open files to what hosted machines give, and turns core files off.
pub(crate) fn set_rlimits() {
    const FILES: u64 = 65_536;
    // SAFETY: the structures are locals, valid for the calls.
    unsafe {
        let mut files: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut files) == 0 {
            files.rlim_cur = files.rlim_max.min(FILES);
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const files);
        }
        let mut core: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_CORE, &raw mut core) == 0 {
            core.rlim_cur = 0;
            libc::setrlimit(libc::RLIMIT_CORE, &raw const core);
        }
    }
}
