//! Layers and images made for tests.

use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use image::layer::{Builder, Compression, Compressor, Entry, Layer, Limits, Note, Options, Privilege};
use image::tar::{Kind, Member, Writer};
use image::{Descriptor, Digest, ImageConfiguration, Manifest, Platform, RootFs, Store, media_type};

/// Members with their contents, in the order of the archive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tar(Vec<(Member, Vec<u8>)>);

impl Tar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn member(mut self, member: Member) -> Self {
        self.0.push((member, Vec::new()));
        self
    }

    pub(crate) fn file(mut self, path: &str, content: &str) -> Self {
        let mut member = Member::new(Kind::File, path.as_bytes(), 0o644);
        member.size = content.len() as u64;
        self.0.push((member, content.as_bytes().to_vec()));
        self
    }

    pub(crate) fn dir(self, path: &str) -> Self {
        self.member(Member::new(Kind::Directory, path.as_bytes(), 0o755))
    }

    pub(crate) fn link(self, path: &str, target: impl AsRef<Path>) -> Self {
        let mut member = Member::new(Kind::Symlink, path.as_bytes(), 0o777);
        member.link = target.as_ref().as_os_str().as_bytes().to_vec();
        self.member(member)
    }

    pub(crate) fn hard(self, path: &str, target: impl AsRef<Path>) -> Self {
        let mut member = Member::new(Kind::HardLink, path.as_bytes(), 0o644);
        member.link = target.as_ref().as_os_str().as_bytes().to_vec();
        self.member(member)
    }

    pub(crate) fn device(self, path: &str, kind: Kind, major: u32, minor: u32) -> Self {
        let mut member = Member::new(kind, path.as_bytes(), 0o600);
        member.device = (major, minor);
        self.member(member)
    }

    /// Changes the member that was added last.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Member)) -> Self {
        change(&mut self.0.last_mut().unwrap().0);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        for (member, content) in &self.0 {
            writer.append(member, &mut &content[..]).unwrap();
        }
        writer.finish().unwrap()
    }
}

pub(crate) fn compressed(bytes: &[u8], compression: Compression) -> Vec<u8> {
    let mut compressor = Compressor::new(Vec::new(), compression).unwrap();
    std::io::Write::write_all(&mut compressor, bytes).unwrap();
    compressor.finish().unwrap()
}

/// Unpacks an archive as it is into `dir`.
pub(crate) fn unpack(bytes: &[u8], dir: &Path, limits: &Limits, privilege: Privilege) -> Result<Note, String> {
    let diff_id = Digest::of(bytes);
    image::layer::unpack(bytes, bytes.len() as u64, &diff_id, dir, limits, privilege).map_err(|error| error.to_string())
}

/// Everything in a directory, one line each: kind, permissions, owner, path and what is in it.
pub(crate) fn listing(dir: &Path) -> String {
    let mut lines = Vec::new();
    let mut pending = vec![dir.to_owned()];
    while let Some(next) = pending.pop() {
        let metadata = fs::symlink_metadata(&next).unwrap();
        let path = next.strip_prefix(dir).unwrap().display().to_string();
        let opaque = |name: &str| rustix::fs::lgetxattr(&next, name, &mut [0_u8; 8][..]).is_ok();
        let (kind, more) = match metadata.mode() & 0o170_000 {
            0o040_000 => {
                pending.extend(fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()));
                let marked = opaque("trusted.overlay.opaque") || opaque("user.overlay.opaque");
                ('d', if marked { " opaque".to_owned() } else { String::new() })
            }
            0o120_000 => ('l', format!(" -> {}", fs::read_link(&next).unwrap().display())),
            0o020_000 if metadata.rdev() == 0 => ('w', String::new()),
            0o020_000 => ('c', format!(" {}", metadata.rdev())),
            0o060_000 => ('b', format!(" {}", metadata.rdev())),
            0o010_000 => ('p', String::new()),
            _ => {
                let mut content = String::new();
                let read = fs::File::open(&next).and_then(|file| file.take(40).read_to_string(&mut content));
                let links = if metadata.nlink() > 1 { format!(" x{}", metadata.nlink()) } else { String::new() };
                ('-', format!(" {:?}{links}", read.map_or_else(|error| error.to_string(), |_| content)))
            }
        };
        let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
        lines.push(format!("{path}\t{kind}{mode:04o} {uid}:{gid} /{path}{more}"));
    }
    lines.sort();
    lines.iter().map(|line| line.split_once('\t').unwrap().1).collect::<Vec<_>>().join("\n")
}

/// Whether this process may do what root may: chown, devices, trusted attributes.
pub(crate) fn is_root(store: &Store) -> bool {
    store.privilege() == Privilege::Full
}

pub(crate) fn options() -> Options {
    Options { compression: Compression::Gzip, latest: Some(1_700_000_000) }
}

/// A layer of a few files that have `text` in them.
pub(crate) fn layer(store: &Store, text: &str) -> Layer {
    let mut builder = Builder::new(options());
    builder.add(Entry::directory("etc", 0o755));
    builder.add(Entry::bytes(format!("etc/{text}"), 0o644, text.as_bytes()));
    builder.add(Entry::bytes("etc/last", 0o600, text.as_bytes()).owned_by(7, 8));
    builder.write(store).unwrap()
}

/// An image of these layers, without a name.
pub(crate) fn image(store: &Store, layers: &[Layer], platform: &str) -> Descriptor {
    let platform: Platform = platform.parse().unwrap();
    let mut config = ImageConfiguration {
        architecture: platform.architecture.clone(),
        os: platform.os.clone(),
        variant: platform.variant.clone(),
        rootfs: RootFs { diff_ids: layers.iter().map(|layer| layer.diff_id).collect(), ..RootFs::default() },
        ..ImageConfiguration::default()
    };
    config.config.cmd = Some(vec!["/bin/sh".to_owned()]);
    let config = store.put(media_type::OCI_CONFIG, &config.to_bytes()).unwrap();
    let layers = layers.iter().map(|layer| layer.descriptor.clone()).collect();
    let manifest = Manifest::oci(config, layers).to_bytes();
    let mut descriptor = store.put(media_type::OCI_MANIFEST, &manifest).unwrap();
    descriptor.platform = Some(platform);
    descriptor
}
