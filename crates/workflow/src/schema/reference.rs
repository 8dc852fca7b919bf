//! Holds the tables against a listing of GitHub's own schema, where there is one on this machine.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Def, Keys, Map, Text, action, workflow};

/// Where the tables say something else than the listing, and why.
const DEVIATIONS: &[&str] = &[
    // Newer than the schema: September 2026.
    "job: `cache-mode` here only",
    "workflow-root-strict: `cache-mode` here only",
    // The listing has the wrong name for the short form of this event.
    "on-strict: `repository_dispatch` here only",
    "on-string-strict: `repository_dispatch` here only",
    // GitHub's converter refuses a service without an image.
    "services-container: `image` is required here",
    // GitHub's service and converter take inputs about which nothing is said.
    "workflow-dispatch-inputs: null here only",
    "workflow-dispatch-input: null here only",
    // GitHub's documentation and service take a lone name.
    "sequence-of-non-empty-string: string here only",
    // The listing leaves out the status functions that GitHub's converter adds.
    "snapshot-if: functions always cancelled failure hashFiles success here only",
    // GitHub's runner reads actions less strictly than its schema for editors.
    "action-root-strict: `description` is required there",
    "action-root-strict: `name` is required there",
    "input-strict: null here only",
    "output-definition: null here only",
];

struct Row {
    shape: String,
    contexts: BTreeSet<String>,
    functions: BTreeSet<String>,
}

fn listing() -> Option<(BTreeMap<String, Row>, BTreeMap<String, Row>)> {
    let place = std::env::var_os("TRUNKLINE_REFERENCE").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference").into(),
        std::path::PathBuf::from,
    );
    let text = std::fs::read_to_string(place.join("workflow-schema.tsv")).ok()?;
    let (first, second) = text.split_once("\n# action files")?;
    Some((rows(first), rows(second)))
}

fn rows(text: &str) -> BTreeMap<String, Row> {
    let rows = text.lines().filter(|line| !line.starts_with('#') && line.contains('\t')).skip(1).map(|line| {
        let mut columns = line.split('\t');
        let (name, shape) = (columns.next().unwrap(), columns.next().unwrap_or_default());
        let seen: Vec<&str> = columns.next().unwrap_or_default().split_whitespace().collect();
        let function = |name: &&str| name.contains('(');
        let row = Row {
            shape: shape.to_owned(),
            contexts: seen.iter().filter(|name| !function(name)).map(|&name| name.to_owned()).collect(),
            functions: seen.iter().filter_map(|name| name.split_once('(')).map(|(name, _)| name.to_owned()).collect(),
        };
        (name.to_owned(), row)
    });
    rows.collect()
}

/// A definition of the listing with its alternatives resolved.
#[derive(Default)]
struct Shape {
    scalars: BTreeSet<&'static str>,
    constants: BTreeSet<String>,
    item: Option<String>,
    maps: Vec<Vec<(String, String)>>,
}

fn resolve(rows: &BTreeMap<String, Row>, name: &str, shape: &mut Shape, contexts: &mut BTreeSet<String>) {
    match name {
        "any" => {
            shape.scalars.extend(["null", "boolean", "number", "string"]);
            shape.item = Some("any".into());
            shape.maps.push(vec![("<non-empty-string>".into(), "any".into())]);
            return;
        }
        "sequence" => {
            shape.item = Some("any".into());
            return;
        }
        "mapping" => {
            shape.maps.push(vec![("<non-empty-string>".into(), "any".into())]);
            return;
        }
        "null" | "boolean" | "number" | "string" => {
            shape.scalars.extend(["null", "boolean", "number", "string"].iter().filter(|known| **known == name));
            return;
        }
        _ => {}
    }
    let row = rows.get(name).unwrap_or_else(|| panic!("the listing has no {name}"));
    contexts.extend(row.contexts.iter().cloned());
    let text = row.shape.as_str();
    if let Some(values) = text.strip_prefix("one of: ") {
        shape.scalars.insert("string");
        shape.constants.extend(values.split(", ").map(str::to_owned));
    } else if let Some(rest) = text.strip_prefix("string {\"constant\": \"") {
        shape.scalars.insert("string");
        shape.constants.insert(rest.trim_end_matches("\"}").to_owned());
    } else if text.starts_with("string {") {
        shape.scalars.insert("string");
    } else if let Some(item) = text.strip_prefix('[') {
        shape.item = Some(item.trim_end_matches(']').to_owned());
    } else if let Some(keys) = text.strip_prefix('{') {
        let keys = keys.trim_end_matches('}').split(", ").map(|pair| {
            let (key, value) = pair.split_once(": ").unwrap();
            (key.to_owned(), value.to_owned())
        });
        shape.maps.push(keys.collect());
    } else {
        text.split(" | ").for_each(|part| resolve(rows, part, shape, contexts));
    }
}

struct Walk<'a> {
    rows: &'a BTreeMap<String, Row>,
    seen: HashSet<(String, usize)>,
    told: BTreeSet<String>,
    keys: usize,
}

impl Walk<'_> {
    fn tell(&mut self, name: &str, what: impl AsRef<str>) {
        self.told.insert(format!("{name}: {}", what.as_ref()));
    }

    fn compare(&mut self, name: &str, def: &'static Def) {
        if !self.seen.insert((name.to_owned(), std::ptr::from_ref(def) as usize)) {
            return;
        }
        let (mut shape, mut contexts) = (Shape::default(), BTreeSet::new());
        resolve(self.rows, name, &mut shape, &mut contexts);
        let ours =
            [("null", def.null), ("boolean", def.boolean), ("number", def.number), ("string", def.string.is_some())];
        for (kind, here) in ours {
            match (here, shape.scalars.contains(kind)) {
                (true, false) => self.tell(name, format!("{kind} here only")),
                (false, true) => self.tell(name, format!("{kind} there only")),
                _ => {}
            }
        }
        if let Some(Text::OneOf(values)) = def.string {
            let here: BTreeSet<String> = values.iter().map(|&value| value.to_owned()).collect();
            if here != shape.constants {
                for value in here.symmetric_difference(&shape.constants) {
                    self.tell(name, format!("`{value}` {} only", if here.contains(value) { "here" } else { "there" }));
                }
            }
        } else if !shape.constants.is_empty() {
            self.tell(name, "fixed values there only");
        }
        self.compare_seen(name, def, &contexts);
        match (def.list, shape.item) {
            (Some(item), Some(there)) => self.compare(&there, item),
            (None, None) => {}
            (here, _) => self.tell(name, if here.is_some() { "list here only" } else { "list there only" }),
        }
        let ours: Vec<&'static Keys> = match def.map {
            None => Vec::new(),
            Some(Map::Keys(keys)) => vec![keys],
            Some(Map::ByKey(variants)) => variants.iter().map(|(_, keys)| *keys).collect(),
            Some(Map::ByValue(_, variants)) => variants.iter().map(|(_, keys)| *keys).collect(),
        };
        if ours.len() != shape.maps.len() {
            self.tell(name, format!("{} mappings here, {} there", ours.len(), shape.maps.len()));
        }
        for there in shape.maps {
            let best = ours.iter().max_by_key(|keys| {
                let known = keys.known.iter().filter(|key| there.iter().any(|(name, _)| name == key.name)).count();
                known as isize - (keys.known.len() as isize - known as isize)
            });
            if let Some(keys) = best {
                self.compare_keys(name, keys, &there);
            }
        }
    }

    fn compare_seen(&mut self, name: &str, def: &Def, contexts: &BTreeSet<String>) {
        let here: BTreeSet<String> =
            def.sees.iter().flat_map(|sees| sees.contexts).map(|&context| context.to_owned()).collect();
        if &here != contexts {
            self.tell(name, format!("contexts {here:?} here, {contexts:?} there"));
        }
        let functions: BTreeSet<&str> =
            def.sees.iter().flat_map(|sees| sees.functions).map(|function| function.name).collect();
        let there: BTreeSet<&str> =
            self.rows.get(name).into_iter().flat_map(|row| &row.functions).map(String::as_str).collect();
        if functions != there {
            let more: Vec<&str> = functions.difference(&there).copied().collect();
            let less: Vec<&str> = there.difference(&functions).copied().collect();
            if !more.is_empty() {
                self.tell(name, format!("functions {} here only", more.join(" ")));
            }
            if !less.is_empty() {
                self.tell(name, format!("functions {} there only", less.join(" ")));
            }
        }
    }

    fn compare_keys(&mut self, name: &str, keys: &'static Keys, there: &[(String, String)]) {
        for (key, value) in there {
            let (value, required) = value.strip_suffix('!').map_or((value.as_str(), false), |value| (value, true));
            if key.starts_with('<') {
                match keys.other {
                    Some(other) => self.compare(value, other),
                    None => self.tell(name, "free keys there only"),
                }
                continue;
            }
            self.keys += 1;
            let Some(known) = keys.find(key) else {
                self.tell(name, format!("`{key}` there only"));
                continue;
            };
            // A fixed `using` is what tells the kinds of action apart; its values are checked there.
            if key == "using" {
                continue;
            }
            if known.required != required {
                self.tell(name, format!("`{key}` is required {}", if known.required { "here" } else { "there" }));
            }
            self.compare(value, known.def);
        }
        for known in keys.known.iter().filter(|known| there.iter().all(|(key, _)| key != known.name)) {
            self.tell(name, format!("`{}` here only", known.name));
        }
        if keys.other.is_some() && there.iter().all(|(key, _)| !key.starts_with('<')) {
            self.tell(name, "free keys here only");
        }
    }
}

#[test]
fn tables_say_what_github_says() {
    let Some((workflows, actions)) = listing() else {
        println!("skipped: no listing of the schema beside this repository");
        return;
    };
    let mut told = BTreeSet::new();
    let mut keys = 0;
    for (rows, root, def) in
        [(&workflows, "workflow-root-strict", &workflow::WORKFLOW), (&actions, "action-root-strict", &action::ACTION)]
    {
        let mut walk = Walk { rows, seen: HashSet::new(), told: BTreeSet::new(), keys: 0 };
        walk.compare(root, def);
        told.extend(walk.told);
        keys += walk.keys;
    }
    assert!(keys > 200, "only {keys} keys were compared");
    let known: BTreeSet<String> = DEVIATIONS.iter().map(|&line| line.to_owned()).collect();
    let news: Vec<&String> = told.difference(&known).collect();
    assert!(news.is_empty(), "{news:#?}");
    let gone: Vec<&String> = known.difference(&told).collect();
    assert!(gone.is_empty(), "no longer so: {gone:#?}");
}
