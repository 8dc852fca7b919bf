//! Who runs inside, read from `/proc`.

use std::collections::HashMap;
use std::fs;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: i32,
    pub(super) name: String,
    /// Dead, or past the point from which it can do anything.
    pub(super) zombie: bool,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
}

/// Every process `/proc` shows.
pub(super) fn all() -> Vec<Entry> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// A name may hold blanks and brackets; the last closing bracket ends it.
fn parse(pid: i32, stat: &[u8]) -> Option<Entry> {
    let open = stat.iter().position(|byte| *byte == b'(')?;
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let name = String::from_utf8_lossy(stat.get(open + 1..close)?).into_owned();
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X");
    let mut number = || fields.next()?.parse().ok();
    let (parent, group, session) = (number()?, number()?, number()?);
    // Terminal and its group lie between. The flag is set as soon as a process begins to exit.
    const EXITING: u32 = 4;
    let exiting = fields.nth(2)?.parse::<u32>().is_ok_and(|flags| flags & EXITING != 0);
    Some(Entry { pid, name, zombie: dead || exiting, parent, group, session })
}

/// Those below `root`, itself left out.
pub(super) fn below(all: &[Entry], root: i32) -> Vec<&Entry> {
    let mut children: HashMap<i32, Vec<&Entry>> = HashMap::new();
    for entry in all {
        children.entry(entry.parent).or_default().push(entry);
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        for entry in children.remove(&pid).unwrap_or_default() {
            open.push(entry.pid);
            found.push(entry);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_and_blanks() {
        let entry = parse(9, b"9 (a) b (c) S 1 8 7 0 -1 4194560 1").expect("parses");
        assert_eq!((entry.name.as_str(), entry.parent, entry.group, entry.session), ("a) b (c", 1, 8, 7));
        assert_eq!(parse(9, b"9 (a"), None);
    }

    #[test]
    fn descendants_of_descendants() {
        let entry = |pid, parent| Entry { pid, name: String::new(), zombie: false, parent, group: pid, session: pid };
        let all = [entry(2, 1), entry(3, 2), entry(4, 3), entry(5, 1)];
        let mut pids: Vec<i32> = below(&all, 2).iter().map(|entry| entry.pid).collect();
        pids.sort_unstable();
        assert_eq!(pids, [3, 4]);
    }
}
