use super::parse::Pattern;

/// One character.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Literal(char),
    /// Ranges, both ends included.
    Class(Vec<(char, char)>),
}

impl Matcher {
    fn matches(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == c,
            Self::Class(ranges) => ranges.iter().any(|&(low, high)| low <= c && c <= high),
        }
    }
}

/// A place in the pattern. The pattern is a row of these, and matching keeps the set of places reached so far.
#[derive(Clone, Debug)]
pub(super) enum Item {
    One(Matcher),
    Optional(Matcher),
    Many(Matcher),
    /// `*`
    StarSegment,
    /// `**`
    StarAll,
    /// `**/`, first half: may be left out together with the second.
    DirectoriesStart,
    /// `**/`, second half: reads on until a `/`.
    DirectoriesInside,
}

impl Pattern {
    /// Whether the whole subject matches, without regard to a leading `!`. Case matters.
    #[must_use]
    pub fn matches(&self, subject: &str) -> bool {
        if let Some(answer) = self.edges.answer(subject) {
            return answer;
        }
        let end = self.items.len();
        let mut here = vec![false; end + 1];
        let mut next = vec![false; end + 1];
        self.reach(&mut here, 0);
        for c in subject.chars() {
            next.fill(false);
            let mut alive = false;
            for (at, _) in here[..end].iter().enumerate().filter(|(_, reached)| **reached) {
                alive |= self.advance(at, c, &mut next);
            }
            if !alive {
                return false;
            }
            std::mem::swap(&mut here, &mut next);
        }
        here[end]
    }

    /// Marks a place and all that follow it without reading a character.
    fn reach(&self, places: &mut [bool], from: usize) {
        let mut at = from;
        loop {
            // Whatever follows from a marked place is marked already.
            if std::mem::replace(&mut places[at], true) {
                return;
            }
            match self.items.get(at) {
                Some(Item::Optional(_) | Item::Many(_) | Item::StarSegment | Item::StarAll) => {
                    at += 1;
                }
                Some(Item::DirectoriesStart) => {
                    places[at + 1] = true;
                    at += 2;
                }
                Some(Item::One(_) | Item::DirectoriesInside) | None => return,
            }
        }
    }

    fn advance(&self, at: usize, c: char, next: &mut [bool]) -> bool {
        match &self.items[at] {
            Item::One(matcher) | Item::Optional(matcher) if matcher.matches(c) => {
                self.reach(next, at + 1);
            }
            Item::Many(matcher) if matcher.matches(c) => self.reach(next, at),
            Item::StarSegment if c != '/' => self.reach(next, at),
            Item::StarAll => self.reach(next, at),
            Item::DirectoriesInside => {
                next[at] = true;
                if c == '/' {
                    self.reach(next, at + 1);
                }
            }
            _ => return false,
        }
        true
    }
}
