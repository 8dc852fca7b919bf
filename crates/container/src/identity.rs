//! Identifiers and names of containers.

const FIRST: &[&str] = &[
    "amber", "brave", "calm", "clever", "dapper", "eager", "fair", "gentle", "happy", "idle", "jolly", "keen",
    "lively", "mellow", "nimble", "patient", "quiet", "rapid", "steady", "tidy", "upbeat", "vivid", "warm", "young",
    "zesty",
];
const SECOND: &[&str] = &[
    "anchor", "barge", "canal", "dinghy", "engine", "ferry", "galley", "harbor", "island", "jetty", "keel", "lantern",
    "mast", "nacelle", "oar", "pier", "quay", "rudder", "sail", "tugboat", "upriver", "voyage", "wharf", "yawl",
];

/// 64 hexadecimal digits.
pub fn id() -> String {
    use std::fmt::Write as _;
    let mut bytes = [0u8; 32];
    if getrandom::fill(&mut bytes).is_err() {
        // Without randomness ids must still differ.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes[..16].copy_from_slice(&now.as_nanos().to_le_bytes());
    }
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A name that says nothing, made of an identifier.
pub(crate) fn name(id: &str, attempt: usize) -> String {
    let number = |from: usize| usize::from_str_radix(id.get(from..from + 6).unwrap_or("0"), 16).unwrap_or(0);
    let name = format!("{}_{}", FIRST[number(0) % FIRST.len()], SECOND[number(6) % SECOND.len()]);
    if attempt == 0 { name } else { format!("{name}{attempt}") }
}
