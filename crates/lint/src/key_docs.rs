//! For editors: a sentence for each key.

use workflow::FileKind;

/// What a key is for, by its path from the root; an item of a list is `[]`.
pub fn key_docs(kind: FileKind, path: &[&str]) -> Option<&'static str> {
    let wanted = match kind {
        FileKind::Workflow => "workflow",
        FileKind::Action => "action",
    };
    let mut best: Option<(usize, &'static str)> = None;
    for line in include_str!("../data/keys.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (Some(kind), Some(pattern), Some(text)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let parts: Vec<&str> = pattern.split('.').collect();
        let fits = kind == wanted
            && parts.len() == path.len()
            && parts.iter().zip(path).all(|(part, name)| *part == "*" || part == name);
        // A path that is written out says more than one with stars.
        let exact = parts.iter().filter(|part| **part != "*").count();
        if fits && best.is_none_or(|(most, _)| exact > most) {
            best = Some((exact, text));
        }
    }
    best.map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_path_is_taken_and_every_path_exists() {
        let docs = |path: &[&str]| key_docs(FileKind::Workflow, path);
        assert_eq!(docs(&["jobs", "a", "steps", "[]", "wait-all"]), Some("Waits for every background step."));
        assert!(docs(&["on", "push"]).unwrap().starts_with("An event"));
        assert!(docs(&["on", "schedule"]).unwrap().starts_with("Times"));
        assert_eq!(docs(&["jobs", "a", "nothing"]), None);
        for line in include_str!("../data/keys.tsv").lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let kind = if fields[0] == "action" { FileKind::Action } else { FileKind::Workflow };
            let path: Vec<&str> = fields[1].split('.').collect();
            let found = path.contains(&"*") || workflow::shape_at(kind, &path).is_some();
            assert!(found, "{line}");
        }
    }
}
