/// What one layer may be unpacked to at most. The defaults are far above real images and far below what harms a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the uncompressed archive.
    pub bytes: u64,
    /// Files, directories, links and so on.
    pub entries: u64,
    /// Bytes of a path.
    pub path: usize,
    /// Directories on top of each other.
    pub depth: usize,
    /// Bytes of all extended attributes of one file.
    pub xattrs: usize,
    /// How many bytes one stored byte may become, once there are [`Limits::RATIO_FROM`] of them. gzip cannot do more than
    /// 1032, other compressions can.
    pub ratio: u64,
}

impl Limits {
    /// Below so many uncompressed bytes the ratio is of no concern.
    pub const RATIO_FROM: u64 = 256 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 30, entries: 2_000_000, path: 4095, depth: 256, xattrs: 256 << 10, ratio: 1100 }
    }
}
