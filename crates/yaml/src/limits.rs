/// What a file may cost. The defaults are GitHub's where GitHub has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes (GitHub: 1 MiB).
    pub max_bytes: usize,
    /// Mappings and sequences within each other, the root being 1 (GitHub: 50).
    pub max_depth: usize,
    /// Nodes, keys included, once every alias stands for its whole content; collections count
    /// twice (GitHub: 50,000 start and end events).
    pub max_nodes: usize,
    /// Diagnostics for one file; further ones are dropped.
    pub max_diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_bytes: 1024 * 1024, max_depth: 50, max_nodes: 50_000, max_diagnostics: 50 }
    }
}
