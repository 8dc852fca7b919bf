//! The messages between the calling process, the helper and the inits, and their encoding.
//!
//! Both ends are the same executable, so there is no versioning; lengths are checked all the same, because what
//! comes out of a damaged message must be an error.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

/// A message that does not decode.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("malformed message between sandbox processes")]
pub(crate) struct Malformed;

/// A value with a byte form.
pub(crate) trait Wire: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn get(input: &mut &[u8]) -> Result<Self, Malformed>;

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        self.put(&mut out);
        out
    }

    fn decode(mut input: &[u8]) -> Result<Self, Malformed> {
        let value = Self::get(&mut input)?;
        if input.is_empty() { Ok(value) } else { Err(Malformed) }
    }
}

fn take<'a>(input: &mut &'a [u8], count: usize) -> Result<&'a [u8], Malformed> {
    let (head, tail) = input.split_at_checked(count).ok_or(Malformed)?;
    *input = tail;
    Ok(head)
}

macro_rules! wire_number {
    ($($number:ty),*) => {$(
        impl Wire for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
                let bytes = take(input, size_of::<Self>())?;
                bytes.try_into().map(Self::from_le_bytes).map_err(|_| Malformed)
            }
        }
    )*};
}
wire_number!(u8, u32, u64, i32, f64);

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        u8::get(input).map(|byte| byte != 0)
    }
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).put(out);
    out.extend_from_slice(bytes);
}

fn get_bytes(input: &mut &[u8]) -> Result<Vec<u8>, Malformed> {
    let count = usize::try_from(u64::get(input)?).map_err(|_| Malformed)?;
    take(input, count).map(<[u8]>::to_vec)
}

impl Wire for OsString {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(self.as_bytes(), out);
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        get_bytes(input).map(Self::from_vec)
    }
}

impl Wire for PathBuf {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(self.as_os_str().as_bytes(), out);
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        OsString::get(input).map(Self::from)
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(self.as_bytes(), out);
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        Self::from_utf8(get_bytes(input)?).map_err(|_| Malformed)
    }
}

impl<T: Wire> Wire for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        T::get(input).map(Self::new)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        if bool::get(input)? { T::get(input).map(Some) } else { Ok(None) }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        for value in self {
            value.put(out);
        }
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        let count = usize::try_from(u64::get(input)?).map_err(|_| Malformed)?;
        // Every value takes a byte at least, so a count beyond the input is a lie and must not size anything.
        if count > input.len() {
            return Err(Malformed);
        }
        (0..count).map(|_| T::get(input)).collect()
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
        Ok((A::get(input)?, B::get(input)?))
    }
}

macro_rules! wire_struct {
    ($(#[$meta:meta])* $name:ident { $($(#[$inner:meta])* $field:ident: $kind:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name { $($(#[$inner])* pub(crate) $field: $kind),* }
        impl Wire for $name {
            fn put(&self, out: &mut Vec<u8>) { $(self.$field.put(out);)* }
            fn get(input: &mut &[u8]) -> Result<Self, Malformed> { Ok(Self { $($field: Wire::get(input)?),* }) }
        }
    };
}

macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $($tag:literal => $variant:ident { $($field:ident: $kind:ty),* }),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum $name { $($variant { $($field: $kind),* }),* }
        impl Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                match self { $(Self::$variant { $($field),* } => { out.push($tag); $($field.put(out);)* })* }
            }
            fn get(input: &mut &[u8]) -> Result<Self, Malformed> {
                match u8::get(input)? {
                    $($tag => Ok(Self::$variant { $($field: Wire::get(input)?),* }),)*
                    _ => Err(Malformed),
                }
            }
        }
    };
}

wire_struct!(
    /// The first message to a helper.
    Hello {
        isolated: bool,
        /// Its sandboxes have image roots.
        images: bool,
        state_dir: PathBuf,
        instance: PathBuf,
        snapshot_root: Option<PathBuf>,
        mount_points: Vec<PathBuf>,
    }
);

wire_enum!(
    /// What a helper is asked.
    ToHelper {
        1 => Create { number: u32 },
        2 => Remove { paths: Vec<PathBuf>, cgroups: Vec<PathBuf>, records: Vec<PathBuf> },
        3 => Network { },
        // Ends every sandbox when so many milliseconds have passed, unless another such message comes first.
        4 => EndAfter { milliseconds: Option<u64> },
    }
);

wire_enum!(
    /// What the process that keeps a private network is asked. Addresses are numbers, the first byte highest.
    ToNetwork {
        1 => Setup { subnet: u32, prefix: u8, gateway: u32, outbound: bool, host_access: Option<u32> },
        2 => Place { address: u32 },
        3 => Socket { stream: bool },
        4 => Masquerade { interface: String },
    }
);

wire_enum!(
    /// What it answers, one message for each request. A namespace or a socket travels along.
    FromNetwork {
        1 => Done { },
        2 => Ready { pid: i32, missing: Option<String> },
        3 => Failed { step: String, errno: i32 },
    }
);

wire_struct!(
    /// A host path shown inside.
    Shown {
        source: PathBuf,
        target: PathBuf,
        read_only: bool,
        /// What is shown travels with the message, in order; whether it is a file. `source` is for messages then.
        given: Option<bool>,
    }
);

wire_struct!(
    /// An empty file system in memory.
    Memory {
        target: PathBuf,
        size_bytes: Option<u64>,
        mode: u32,
        uid: u32,
        gid: u32,
        exec: bool,
        read_only: bool,
    }
);

wire_struct!(
    /// An image root and its surroundings.
    ImageSetup {
        /// Bottom first.
        lowers: Vec<PathBuf>,
        upper: Option<PathBuf>,
        read_only: bool,
        privileged: bool,
        shm_bytes: u64,
        memory: Vec<Memory>,
        /// Host device, path inside.
        devices: Vec<(PathBuf, PathBuf)>,
        sysctls: Vec<(String, String)>,
        /// Resource, soft and hard limit.
        rlimits: Vec<(u32, (u64, u64))>,
        capabilities: u64,
        no_new_privileges: bool,
        /// Host directory of `hosts`, `hostname` and `resolv.conf`.
        etc: PathBuf,
    }
);

wire_struct!(
    /// Numeric ids inside.
    Ids {
        uid: u32,
        gid: u32,
        groups: Vec<u32>,
    }
);

wire_struct!(
    /// What makes a prepared sandbox one particular sandbox.
    Setup {
        hostname: String,
        job_dir: PathBuf,
        shown: Vec<Shown>,
        hide: Vec<PathBuf>,
        image: Option<ImageSetup>,
        private_network: bool,
        /// The network namespace to join travels with the message.
        given_network: bool,
        memory_bytes: Option<u64>,
        pids: Option<u64>,
        cpus: Option<f64>,
    }
);

wire_struct!(
    /// A process to start; the descriptors present travel with the message, in order.
    Start {
        key: u64,
        argv: Vec<OsString>,
        env: Vec<(OsString, OsString)>,
        cwd: PathBuf,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        new_session: bool,
        controlling_tty: bool,
        user: Option<Ids>,
        capabilities: Option<u64>,
    }
);

wire_enum!(
    /// What an init is asked.
    ToInit {
        1 => Setup { setup: Box<Setup> },
        2 => Mount { id: u64, lower: PathBuf, layer: PathBuf, target: PathBuf },
        3 => Start { start: Start },
        4 => Signal { id: u64, key: u64, signal: i32, group: bool },
        5 => KillTree { id: u64, key: u64 },
        6 => KillAll { id: u64 },
        7 => List { id: u64 },
        8 => End { id: u64 },
        9 => Tree { id: u64, path: PathBuf },
        10 => KillGroup { id: u64, group: i32 },
    }
);

wire_struct!(
    /// A sandbox that is ready for processes.
    Ready {
        /// The init's process id on the host.
        pid: i32,
        /// 0 root, 1 user, 2 host.
        mode: u8,
        pid_namespace: bool,
        overlay: bool,
        network: bool,
        limits: bool,
        missing: Vec<String>,
        cgroups: Vec<PathBuf>,
        /// Ids inside, ids on the host, how many.
        uids: Vec<(u32, (u32, u32))>,
        gids: Vec<(u32, (u32, u32))>,
    }
);

/// Where starting a process failed.
pub(crate) mod stage {
    /// Making the process.
    pub(crate) const FORK: u8 = 1;
    /// Its terminal, session or descriptors.
    pub(crate) const PREPARE: u8 = 2;
    /// Its working directory.
    pub(crate) const CWD: u8 = 3;
    /// Executing it.
    pub(crate) const EXEC: u8 = 4;
    /// The file is there, yet the kernel reports that it is not: its interpreter is missing.
    pub(crate) const INTERPRETER: u8 = 5;
    /// Becoming the user it is to run as.
    pub(crate) const USER: u8 = 6;
    /// Its limits.
    pub(crate) const LIMITS: u8 = 7;
    /// Its capabilities.
    pub(crate) const CAPABILITIES: u8 = 8;
}

wire_enum!(
    /// What an init answers and reports.
    FromInit {
        1 => Ready { ready: Ready },
        2 => Failed { step: String, errno: i32 },
        3 => Done { id: u64 },
        4 => Refused { id: u64, errno: i32 },
        5 => Started { key: u64, pid: i32 },
        6 => NotStarted { key: u64, stage: u8, errno: i32 },
        7 => Exited { key: u64, code: Option<i32>, signal: Option<i32>, oom: bool },
        8 => Names { id: u64, names: Vec<(i32, String)> },
        9 => Tree { id: u64, file: bool },
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_round_trip() {
        let start = Start {
            key: 7,
            argv: vec!["sh".into(), OsString::from_vec(vec![0xff, b'x'])],
            env: vec![("A".into(), "b=c".into())],
            cwd: "/tmp".into(),
            stdin: false,
            stdout: true,
            stderr: true,
            new_session: true,
            controlling_tty: false,
            user: Some(Ids { uid: 1, gid: 2, groups: vec![3] }),
            capabilities: None,
        };
        let message = ToInit::Start { start };
        assert_eq!(ToInit::decode(&message.encode()), Ok(message));
        let message = FromInit::Exited { key: 3, code: None, signal: Some(9), oom: true };
        assert_eq!(FromInit::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn damaged_messages_are_errors() {
        let whole = ToInit::Mount { id: 1, lower: "/a".into(), layer: "/b".into(), target: "/c".into() }.encode();
        for end in 0..whole.len() {
            assert_eq!(ToInit::decode(&whole[..end]), Err(Malformed), "{end}");
        }
        assert_eq!(Vec::<u64>::decode(&u64::MAX.to_le_bytes()), Err(Malformed));
        assert_eq!(ToInit::decode(&[99]), Err(Malformed));
    }
}
