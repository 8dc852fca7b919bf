//! For editors: which keys and values a place of a file takes, and what an expression there may name.

use crate::schema::{self, Def, Keys, Map, Text};

/// Which of the two kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Workflow,
    Action,
}

/// What a place takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Keys of a mapping; where several mappings are possible, those of all.
    pub keys: Vec<ShapeKey>,
    /// Whether keys of the user's choice are taken as well.
    pub open: bool,
    /// The words that are possible, where they are a fixed set; `true` and `false` for booleans.
    pub values: Vec<&'static str>,
    /// `a string`, `a list`, … as in messages.
    pub expected: String,
    /// Contexts and functions that an expression may name, those of the places above included.
    pub contexts: Vec<&'static str>,
    pub functions: Vec<&'static str>,
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeKey {
    pub name: &'static str,
    pub required: bool,
}

/// What stands at a path of keys from the root; an item of a list is `[]`. `None` where no such place exists.
#[must_use]
pub fn shape_at(kind: FileKind, path: &[&str]) -> Option<Shape> {
    let root = match kind {
        FileKind::Workflow => &schema::workflow::WORKFLOW,
        FileKind::Action => &schema::action::ACTION,
    };
    let mut here: Vec<&'static Def> = vec![root];
    let mut shape = Shape::default();
    sees(root, &mut shape);
    for part in path {
        let below: Vec<&'static Def> = here.iter().flat_map(|def| children(def, part)).collect();
        here = below;
        here.first().map(|def| sees(def, &mut shape))?;
    }
    shape.expected = here.first()?.expected();
    for def in here {
        if def.boolean {
            shape.values.extend(["true", "false"]);
        }
        if let Some(Text::OneOf(values)) = def.string {
            shape
                .values
                .extend(values.iter().filter(|value| !shape.values.contains(value)).copied().collect::<Vec<_>>());
        }
        for keys in mappings(def) {
            shape.open |= keys.other.is_some();
            for key in keys.known {
                if !shape.keys.iter().any(|known| known.name == key.name) {
                    shape.keys.push(ShapeKey { name: key.name, required: key.required });
                }
            }
        }
    }
    Some(shape)
}

fn children(def: &'static Def, part: &str) -> Vec<&'static Def> {
    if part == "[]" {
        return def.list.into_iter().collect();
    }
    let mut found: Vec<&'static Def> = Vec::new();
    for keys in mappings(def) {
        if let Some(child) = keys.find(part).map(|key| key.def).or(keys.other)
            && !found.iter().any(|other| std::ptr::eq(*other, child))
        {
            found.push(child);
        }
    }
    found
}

fn mappings(def: &'static Def) -> Vec<&'static Keys> {
    match def.map {
        None => Vec::new(),
        Some(Map::Keys(keys)) => vec![keys],
        Some(Map::ByKey(variants)) => variants.iter().map(|(_, keys)| *keys).collect(),
        Some(Map::ByValue(_, variants)) => variants.iter().map(|(_, keys)| *keys).collect(),
    }
}

fn sees(def: &'static Def, shape: &mut Shape) {
    let Some(sees) = def.sees else { return };
    for name in sees.contexts {
        if !shape.contexts.contains(name) {
            shape.contexts.push(name);
        }
    }
    for function in sees.functions {
        if !shape.functions.contains(&function.name) {
            shape.functions.push(function.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(path: &[&str]) -> Vec<&'static str> {
        shape_at(FileKind::Workflow, path).unwrap().keys.iter().map(|key| key.name).collect()
    }

    #[test]
    fn places_of_a_workflow() {
        assert!(keys(&[]).contains(&"jobs"));
        assert!(keys(&["jobs", "a"]).contains(&"runs-on"));
        let step = keys(&["jobs", "a", "steps", "[]"]);
        assert!(step.contains(&"run") && step.contains(&"uses") && step.contains(&"wait"));
        assert!(keys(&["on", "push"]).contains(&"branches"));
        let scope = shape_at(FileKind::Workflow, &["permissions", "contents"]).unwrap();
        assert!(scope.values.contains(&"write"));
        let condition = shape_at(FileKind::Workflow, &["jobs", "a", "steps", "[]", "if"]).unwrap();
        assert!(condition.contexts.contains(&"steps") && condition.functions.contains(&"always"));
        assert!(shape_at(FileKind::Workflow, &["nothing"]).is_none());
        let using = shape_at(FileKind::Action, &["runs"]).unwrap();
        assert!(using.keys.iter().any(|key| key.name == "using"));
    }
}
