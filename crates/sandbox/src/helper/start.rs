//! Starting one process: `vfork`, descriptors, directory, `exec`.
//!
//! The child shares this process's memory until it executes, so nothing is copied; that is what keeps a start
//! cheap. It may therefore do nothing but system calls on memory prepared beforehand.

use std::ffi::{CString, OsStr, c_char, c_int, c_void};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use crate::sys;
use crate::wire::{Ids, ImageSetup, Start, stage};

const STACK: usize = 64 * 1024;
/// What a shell searches when `PATH` is not set.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// As hosted runners do: when memory runs out on the machine, jobs go first.
const OOM_SCORE: &[u8] = b"500";

/// Why a process did not start.
#[derive(Debug)]
pub(super) struct NotStarted {
    pub(super) stage: u8,
    pub(super) errno: i32,
}

/// How processes of one sandbox are started.
#[derive(Debug)]
pub(super) struct Starter {
    stack: Vec<u8>,
    /// Children without a pid namespace are killed when the init dies.
    pub(super) die_with_init: bool,
    /// Prefer them as victims when memory runs out.
    pub(super) raise_oom_score: bool,
    confined: Option<Confined>,
}

/// What an image's processes give up.
#[derive(Debug)]
struct Confined {
    capabilities: u64,
    /// What the init has to give.
    held: u64,
    no_new_privileges: bool,
    rlimits: Vec<(u32, libc::rlimit)>,
}

/// Everything the child needs, in memory that stays until it has executed.
struct Plan {
    fds: [c_int; 3],
    new_session: bool,
    controlling_tty: bool,
    die_with_init: bool,
    raise_oom_score: bool,
    rlimits: *const (u32, libc::rlimit),
    rlimit_count: usize,
    no_new_privileges: bool,
    /// Keep no other capabilities than these.
    capabilities: Option<u64>,
    user: bool,
    uid: u32,
    gid: u32,
    groups: *const u32,
    group_count: usize,
    cwd: *const c_char,
    programs: *const *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
    stage: u8,
    errno: c_int,
    /// Index of the candidate `errno` belongs to.
    tried: usize,
}

impl Starter {
    pub(super) fn new(die_with_init: bool, raise_oom_score: bool, image: Option<&ImageSetup>) -> Self {
        let confined = image.map(|image| Confined {
            capabilities: image.capabilities,
            held: sys::permitted().unwrap_or_default(),
            no_new_privileges: image.no_new_privileges,
            rlimits: image
                .rlimits
                .iter()
                .map(|(resource, (soft, hard))| (*resource, libc::rlimit { rlim_cur: *soft, rlim_max: *hard }))
                .collect(),
        });
        Self { stack: vec![0; STACK], die_with_init, raise_oom_score, confined }
    }

    /// Starts a process with the given standard streams (`None` is `/dev/null`) and returns its id.
    pub(super) fn start(&mut self, start: Start, streams: [Option<OwnedFd>; 3]) -> Result<i32, NotStarted> {
        let fork_error = |errno| NotStarted { stage: stage::FORK, errno };
        let programs = candidates(&start).map_err(|_| fork_error(libc::EINVAL))?;
        let terminated = |bytes: Vec<u8>| CString::new(bytes).map_err(|_| fork_error(libc::EINVAL));
        let cwd = terminated(start.cwd.as_os_str().as_bytes().to_vec())?;
        let argv = start.argv.into_iter().map(|word| terminated(word.into_vec())).collect::<Result<Vec<_>, _>>()?;
        let env = start
            .env
            .into_iter()
            .map(|(name, value)| {
                let mut entry = name.into_vec();
                entry.push(b'=');
                entry.extend_from_slice(value.as_bytes());
                terminated(entry)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let confined = self.confined.as_ref();
        let rlimits = confined.map_or(&[][..], |confined| &confined.rlimits);
        let given = start.capabilities.filter(|_| confined.is_some());
        // An image's root is the user unless another is named, whoever the init is.
        let user = start.user.or_else(|| confined.map(|_| Ids { uid: 0, gid: 0, groups: Vec::new() }));
        let ids = user.as_ref().map_or((0, 0, &[][..]), |user| (user.uid, user.gid, &user.groups));
        let (program_list, argv_list, env_list) = (pointers(&programs), pointers(&argv), pointers(&env));
        let mut plan = Plan {
            // Descriptor 0 of the init itself is /dev/null.
            fds: streams.each_ref().map(|stream| stream.as_ref().map_or(0, rustix::fd::AsRawFd::as_raw_fd)),
            new_session: start.new_session || start.controlling_tty,
            controlling_tty: start.controlling_tty,
            die_with_init: self.die_with_init,
            raise_oom_score: self.raise_oom_score,
            rlimits: rlimits.as_ptr(),
            rlimit_count: rlimits.len(),
            no_new_privileges: confined.is_some_and(|confined| confined.no_new_privileges),
            capabilities: confined.map(|confined| given.unwrap_or(confined.capabilities) & confined.held),
            user: user.is_some(),
            uid: ids.0,
            gid: ids.1,
            groups: ids.2.as_ptr(),
            group_count: ids.2.len(),
            cwd: cwd.as_ptr(),
            programs: program_list.as_ptr(),
            argv: argv_list.as_ptr(),
            envp: env_list.as_ptr(),
            stage: 0,
            errno: 0,
            tried: 0,
        };
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: with CLONE_VFORK this process stands still until the child has executed or ended, so `plan` and
        // everything it points to outlive the child's use of them, and the child has the stack, aligned as every
        // ABI wants it, to itself.
        let pid = unsafe {
            let top = self.stack.as_mut_ptr().add(STACK);
            let top = top.sub(top as usize % 64).cast::<c_void>();
            libc::clone(child, top, flags, (&raw mut plan).cast::<c_void>())
        };
        if pid < 0 {
            return Err(fork_error(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EAGAIN)));
        }
        // SAFETY: a plain read; volatile because the child wrote it behind the compiler's back.
        let (mut failed, errno, tried) = unsafe {
            (
                std::ptr::read_volatile(&raw const plan.stage),
                std::ptr::read_volatile(&raw const plan.errno),
                std::ptr::read_volatile(&raw const plan.tried),
            )
        };
        if failed == 0 {
            return Ok(pid);
        }
        let _ = sys::wait_for(pid);
        if failed == stage::EXEC && errno == libc::ENOENT {
            let there = programs.get(tried).is_some_and(|program| {
                Path::new(OsStr::from_bytes(cwd.as_bytes())).join(OsStr::from_bytes(program.as_bytes())).exists()
            });
            if there {
                failed = stage::INTERPRETER;
            }
        }
        Err(NotStarted { stage: failed, errno })
    }
}

/// The paths to try for the program, in order.
fn candidates(start: &Start) -> Result<Vec<CString>, std::ffi::NulError> {
    let program = start.argv.first().map_or(&b""[..], |program| program.as_bytes());
    if program.contains(&b'/') {
        return Ok(vec![CString::new(program)?]);
    }
    let path = start.env.iter().rfind(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
    path.unwrap_or(OsStr::new(DEFAULT_PATH))
        .as_bytes()
        .split(|byte| *byte == b':')
        .map(|directory| {
            let mut candidate = directory.to_vec();
            // An empty entry is the working directory.
            if !candidate.is_empty() {
                candidate.push(b'/');
            }
            candidate.extend_from_slice(program);
            CString::new(candidate)
        })
        .collect()
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}

fn errno() -> c_int {
    // SAFETY: always a valid pointer. It is the parent's, which stands still.
    unsafe { *libc::__errno_location() }
}

extern "C" fn child(plan: *mut c_void) -> c_int {
    let plan = plan.cast::<Plan>();
    // SAFETY: the parent passes a valid plan and stands still; see `start`. Only system calls follow.
    unsafe {
        match prepare(&*plan) {
            Err(failed) => (*plan).stage = failed,
            Ok(()) => {
                let tried = execute(&*plan);
                (*plan).stage = stage::EXEC;
                (*plan).tried = tried.0;
                *libc::__errno_location() = tried.1;
            }
        }
        (*plan).errno = errno();
    }
    sys::exit(127)
}

/// Everything before the exec. On error `errno` holds the reason.
///
/// # Safety
/// Runs in the child of a `vfork` with a valid plan.
unsafe fn prepare(plan: &Plan) -> Result<(), u8> {
    // SAFETY: plain system calls; pointers come from the plan, whose owner vouches for them.
    unsafe {
        if plan.die_with_init {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        }
        if plan.raise_oom_score {
            let fd = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
            if fd >= 0 {
                libc::write(fd, OOM_SCORE.as_ptr().cast(), OOM_SCORE.len());
                libc::close(fd);
            }
        }
        let grouped = if plan.new_session { libc::setsid() } else { libc::setpgid(0, 0) };
        if grouped < 0 {
            return Err(stage::PREPARE);
        }
        // Received descriptors are all above 2, so no copy overwrites a source.
        for (target, source) in plan.fds.iter().enumerate() {
            if *source != 0 && libc::dup2(*source, target as c_int) < 0 {
                return Err(stage::PREPARE);
            }
        }
        if plan.controlling_tty && libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
            return Err(stage::PREPARE);
        }
        if libc::chdir(plan.cwd) < 0 {
            return Err(stage::CWD);
        }
        confine(plan)?;
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
    Ok(())
}

/// Limits, user and capabilities. Raw calls throughout: the C library's would tell the threads of a process that this
/// child only seems to be.
///
/// # Safety
/// Runs in the child of a `vfork` with a valid plan.
unsafe fn confine(plan: &Plan) -> Result<(), u8> {
    const LAST_CAPABILITY: u32 = 63;
    let failed = |result: libc::c_long| result < 0;
    // SAFETY: plain system calls; pointers come from the plan, whose owner vouches for them, or are to locals.
    unsafe {
        for index in 0..plan.rlimit_count {
            let (resource, limit) = &*plan.rlimits.add(index);
            let none = std::ptr::null_mut::<libc::rlimit>();
            if failed(libc::syscall(libc::SYS_prlimit64, 0, *resource, std::ptr::from_ref(limit), none)) {
                return Err(stage::LIMITS);
            }
        }
        if plan.no_new_privileges && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 {
            return Err(stage::CAPABILITIES);
        }
        if let Some(kept) = plan.capabilities {
            for capability in 0..=LAST_CAPABILITY {
                // Fails for numbers that the kernel does not know.
                if kept & 1 << capability == 0 {
                    libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
                }
            }
        }
        if plan.user {
            // A user namespace of one user forbids setting groups; then those of the caller stay, under no name.
            if failed(libc::syscall(libc::SYS_setgroups, plan.group_count, plan.groups)) && plan.group_count > 0
                || failed(libc::syscall(libc::SYS_setresgid, plan.gid, plan.gid, plan.gid))
                || failed(libc::syscall(libc::SYS_setresuid, plan.uid, plan.uid, plan.uid))
            {
                return Err(stage::USER);
            }
        }
        if let Some(kept) = plan.capabilities
            && plan.uid == 0
        {
            let half =
                |mask: u64| sys::CapabilityData { effective: mask as u32, permitted: mask as u32, inheritable: 0 };
            let data = [half(kept), half(kept >> 32)];
            if failed(libc::syscall(libc::SYS_capset, &raw const sys::CAPABILITY_HEADER, data.as_ptr())) {
                return Err(stage::CAPABILITIES);
            }
        }
    }
    Ok(())
}

/// Tries each candidate; returns only on failure, with the telling candidate and error.
///
/// # Safety
/// Runs in the child of a `vfork` with a valid plan.
unsafe fn execute(plan: &Plan) -> (usize, c_int) {
    let mut telling = (0, libc::ENOENT);
    let mut index = 0;
    // SAFETY: the lists end with a null pointer and hold terminated strings; see `start`.
    unsafe {
        loop {
            let program = *plan.programs.add(index);
            if program.is_null() {
                return telling;
            }
            libc::execve(program, plan.argv, plan.envp);
            match errno() {
                // A missing interpreter looks the same as a missing program; the first that exists is told apart later.
                libc::ENOENT if telling.1 == libc::ENOENT && libc::access(program, libc::F_OK) == 0 => {
                    return (index, libc::ENOENT);
                }
                libc::ENOENT | libc::ENOTDIR => {}
                libc::EACCES => telling = (index, libc::EACCES),
                other => return (index, other),
            }
            index += 1;
        }
    }
}
