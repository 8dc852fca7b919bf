use super::matching::{Item, Matcher};

/// The plain text that a pattern begins and ends with: most subjects fail there, and need no further look.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    prefix: String,
    suffix: String,
    rest: Rest,
}

/// What stands between the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rest {
    /// Nothing: the prefix is the whole pattern.
    #[default]
    Nothing,
    /// One `**`, and nothing after it.
    Anything,
    Pattern,
}

impl Edges {
    pub(super) fn of(items: &[Item]) -> Edges {
        let literal = |item: &Item| match item {
            Item::One(Matcher::Literal(c)) => Some(*c),
            _ => None,
        };
        let prefix: String = items.iter().map_while(literal).collect();
        let middle = &items[prefix.chars().count()..];
        let mut suffix: Vec<char> = middle.iter().rev().map_while(literal).collect();
        suffix.reverse();
        let rest = match middle {
            [] => Rest::Nothing,
            [Item::StarAll] => Rest::Anything,
            _ => Rest::Pattern,
        };
        Edges { prefix, suffix: suffix.into_iter().collect(), rest }
    }

    /// Whether the whole subject matches, where the edges alone tell.
    pub(super) fn answer(&self, subject: &str) -> Option<bool> {
        match self.rest {
            Rest::Nothing => Some(subject == self.prefix),
            Rest::Anything => Some(subject.starts_with(&self.prefix)),
            Rest::Pattern => {
                let fits = subject.starts_with(&self.prefix) && subject.ends_with(&self.suffix);
                (!fits).then_some(false)
            }
        }
    }
}
