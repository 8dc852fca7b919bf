//! What may stand where in a workflow or action file: GitHub's own schema as tables.
//!
//! A [`Def`] says which YAML shapes a place takes and which contexts and functions an expression there may name.
//! Contexts add up on the way down, as in GitHub's reader: a definition without its own sees what its parent sees.

use expr::Function;

pub(crate) mod action;
mod branding;
pub(crate) mod contexts;
pub(crate) mod events;
pub(crate) mod job;
#[cfg(test)]
mod reference;
pub(crate) mod step;
pub(crate) mod workflow;

/// One place of a file.
#[derive(Debug)]
pub(crate) struct Def {
    pub(crate) null: bool,
    pub(crate) boolean: bool,
    pub(crate) number: bool,
    pub(crate) string: Option<Text>,
    pub(crate) list: Option<&'static Def>,
    pub(crate) map: Option<Map>,
    pub(crate) sees: Option<&'static Sees>,
    /// The whole scalar is an expression, with or without `${{ }}`.
    pub(crate) condition: bool,
    /// GitHub itself does not look here: what is wrong is a warning.
    pub(crate) advice: bool,
}

/// Which strings are taken. Scalars of other kinds count as the string that they print as, unless the place takes their
/// kind itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    Any,
    NonEmpty,
    OneOf(&'static [&'static str]),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Map {
    Keys(&'static Keys),
    /// Several mappings, told apart by a key that only one of them has. The last is taken when none is there.
    ByKey(&'static [(&'static str, &'static Keys)]),
    /// Several mappings, told apart by the value of one key.
    ByValue(&'static str, &'static [(&'static [&'static str], &'static Keys)]),
}

/// The keys of one mapping.
#[derive(Debug)]
pub(crate) struct Keys {
    /// With its article: `a job`.
    pub(crate) what: &'static str,
    pub(crate) known: &'static [Key],
    /// What any other key holds; `None` refuses other keys.
    pub(crate) other: Option<&'static Def>,
    /// GitHub ignores other keys: a warning.
    pub(crate) lenient: bool,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) def: &'static Def,
    pub(crate) required: bool,
}

/// What an expression may name.
#[derive(Debug)]
pub(crate) struct Sees {
    pub(crate) contexts: &'static [&'static str],
    pub(crate) functions: &'static [Function<'static>],
}

impl Def {
    const NOTHING: Def = Def {
        null: false,
        boolean: false,
        number: false,
        string: None,
        list: None,
        map: None,
        sees: None,
        condition: false,
        advice: false,
    };

    pub(crate) const fn text() -> Def {
        Def { string: Some(Text::Any), ..Def::NOTHING }
    }

    pub(crate) const fn non_empty() -> Def {
        Def { string: Some(Text::NonEmpty), ..Def::NOTHING }
    }

    pub(crate) const fn one_of(values: &'static [&'static str]) -> Def {
        Def { string: Some(Text::OneOf(values)), ..Def::NOTHING }
    }

    pub(crate) const fn boolean() -> Def {
        Def { boolean: true, ..Def::NOTHING }
    }

    pub(crate) const fn number() -> Def {
        Def { number: true, ..Def::NOTHING }
    }

    /// A string, boolean or number, which keeps its kind.
    pub(crate) const fn scalar() -> Def {
        Def { boolean: true, number: true, ..Def::text() }
    }

    pub(crate) const fn condition(sees: &'static Sees) -> Def {
        Def { condition: true, sees: Some(sees), ..Def::text() }
    }

    pub(crate) const fn list(item: &'static Def) -> Def {
        Def { list: Some(item), ..Def::NOTHING }
    }

    pub(crate) const fn map(keys: &'static Keys) -> Def {
        Def { map: Some(Map::Keys(keys)), ..Def::NOTHING }
    }

    pub(crate) const fn choice(map: Map) -> Def {
        Def { map: Some(map), ..Def::NOTHING }
    }

    pub(crate) const fn or_null(self) -> Def {
        Def { null: true, ..self }
    }

    pub(crate) const fn or_list(self, item: &'static Def) -> Def {
        Def { list: Some(item), ..self }
    }

    pub(crate) const fn or_map(self, keys: &'static Keys) -> Def {
        Def { map: Some(Map::Keys(keys)), ..self }
    }

    pub(crate) const fn advice(self) -> Def {
        Def { advice: true, ..self }
    }

    pub(crate) const fn sees(self, sees: &'static Sees) -> Def {
        Def { sees: Some(sees), ..self }
    }

    /// What is expected here, for a message.
    pub(crate) fn expected(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        if self.condition {
            parts.push("a condition".into());
        } else {
            match self.string {
                Some(Text::Any) => parts.push("a string".into()),
                Some(Text::NonEmpty) => parts.push("a non-empty string".into()),
                Some(Text::OneOf(values)) if values.len() > MANY => {
                    parts.push("one of the known names".into());
                }
                Some(Text::OneOf(values)) => parts.push(one_of(values)),
                None => {}
            }
        }
        if self.boolean {
            parts.push("a boolean".into());
        }
        if self.number {
            parts.push("a number".into());
        }
        if let Some(item) = self.list {
            parts.push(match item.string {
                Some(Text::OneOf(_)) => "a list of these".into(),
                Some(_) if item.list.is_none() && item.map.is_none() => "a list of strings".into(),
                _ => "a list".to_owned(),
            });
        }
        match self.map {
            Some(Map::Keys(keys)) => parts.push(keys.described()),
            Some(_) => parts.push("a mapping".into()),
            None => {}
        }
        if self.null {
            parts.push("nothing".into());
        }
        match parts.len() {
            0 => "nothing".into(),
            1 => parts.remove(0),
            count => {
                let last = parts.remove(count - 1);
                format!("{} or {last}", parts.join(", "))
            }
        }
    }
}

impl Keys {
    pub(crate) fn find(&self, name: &str) -> Option<&'static Key> {
        self.known.iter().find(|key| key.name == name)
    }

    fn described(&self) -> String {
        match self.known {
            [] => "a mapping".into(),
            known if known.len() <= 4 => {
                let names: Vec<String> = known.iter().map(|key| format!("`{}`", key.name)).collect();
                format!("a mapping with {}", names.join(", "))
            }
            _ => "a mapping".into(),
        }
    }
}

/// Longer lists are told as help, not in a message.
pub(crate) const MANY: usize = 8;

/// `one of a, b, c`, shortened where the list is long.
pub(crate) fn one_of(values: &[&str]) -> String {
    match values {
        [] => "nothing".into(),
        [only] => format!("`{only}`"),
        values => {
            let shown: Vec<String> = values.iter().take(24).map(|value| format!("`{value}`")).collect();
            let more = if values.len() > 24 { ", …" } else { "" };
            format!("one of {}{more}", shown.join(", "))
        }
    }
}

pub(crate) const fn keys(what: &'static str, known: &'static [Key]) -> Keys {
    Keys { what, known, other: None, lenient: false }
}

/// A mapping with free keys.
pub(crate) const fn named(what: &'static str, value: &'static Def) -> Keys {
    Keys { what, known: &[], other: Some(value), lenient: false }
}

pub(crate) const fn key(name: &'static str, def: &'static Def) -> Key {
    Key { name, def, required: false }
}

pub(crate) const fn required(name: &'static str, def: &'static Def) -> Key {
    Key { name, def, required: true }
}

pub(crate) static TEXT: Def = Def::text();
pub(crate) static NON_EMPTY: Def = Def::non_empty();
pub(crate) static BOOLEAN: Def = Def::boolean();
/// A name or a list of names.
pub(crate) static NAMES: Def = Def::non_empty().or_list(&NON_EMPTY);
pub(crate) static NON_EMPTY_LIST: Def = Def::list(&NON_EMPTY);
pub(crate) static TEXT_LIST: Def = Def::list(&TEXT);
static ANY_KEYS: Keys = named("a mapping", &ANY);
/// Whatever YAML can say.
pub(crate) static ANY: Def = Def::scalar().or_null().or_list(&ANY).or_map(&ANY_KEYS);
