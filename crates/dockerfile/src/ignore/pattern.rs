/// One pattern, made ready for matching paths with `/` between their parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) exception: bool,
    shape: Shape,
    /// The beginning that holds no wildcard.
    fixed: String,
}

/// The common forms need no more than a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Exact(String),
    /// `dir/**`
    Prefix(String),
    /// `**/name`, `**name`
    Suffix(String),
    Pieces(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    One(char),
    /// `?`: one character within a name.
    Any,
    /// `*`: any number of them.
    Star,
    /// `**` or `**/` with something behind it: any number of directories, none too.
    Directories,
    /// `**` at the end: everything.
    Rest,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    /// Nothing if the line holds no pattern.
    pub(super) fn parse(text: &str) -> Result<Option<Pattern>, String> {
        let text = text.trim();
        let (exception, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, text),
        };
        if text.is_empty() {
            return if exception { Err("nothing stands behind `!`".to_owned()) } else { Ok(None) };
        }
        let clean = clean(text);
        let shape = shape(&clean)?;
        let fixed = clean.chars().take_while(|c| !matches!(c, '*' | '?' | '[' | '\\')).collect();
        Ok(Some(Pattern { exception, shape, fixed }))
    }

    pub(super) fn fits(&self, path: &str) -> bool {
        match &self.shape {
            Shape::Exact(own) => path == own,
            Shape::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Shape::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/').is_some_and(|name| name == path)
            }
            Shape::Pieces(pieces) => fits(pieces, path, false),
        }
    }

    /// Whether it fits the path or a directory above it.
    pub(super) fn fits_or_parent(&self, path: &str) -> bool {
        match &self.shape {
            Shape::Pieces(pieces) => fits(pieces, path, true),
            _ => self.fits(path) || path.match_indices('/').any(|(at, _)| self.fits(&path[..at])),
        }
    }

    /// Whether it might fit something below the directory; never false when it does.
    pub(super) fn may_fit_below(&self, directory: &str) -> bool {
        match &self.shape {
            Shape::Suffix(_) => true,
            Shape::Exact(own) => own.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')),
            Shape::Prefix(_) | Shape::Pieces(_) => {
                let below = format!("{directory}/");
                self.fixed.starts_with(&below) || below.starts_with(&self.fixed)
            }
        }
    }
}

/// The shortest form of a path, as Go's `filepath.Clean` makes it, without a leading `/`.
fn clean(text: &str) -> String {
    let rooted = text.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    match (parts.is_empty(), rooted) {
        (true, true) => "/".to_owned(),
        (true, false) => ".".to_owned(),
        (false, _) => parts.join("/"),
    }
}

fn shape(text: &str) -> Result<Shape, String> {
    let plain = |text: &str| !text.contains(['*', '?', '[', ']', '\\']);
    if plain(text) {
        return Ok(Shape::Exact(text.to_owned()));
    }
    if let Some(suffix) = text.strip_prefix("**").filter(|suffix| plain(suffix)) {
        return Ok(Shape::Suffix(suffix.to_owned()));
    }
    if let Some(prefix) = text.strip_suffix("**").filter(|prefix| plain(prefix)) {
        return Ok(Shape::Prefix(prefix.to_owned()));
    }
    let mut pieces = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                pieces.push(if chars.peek().is_none() { Piece::Rest } else { Piece::Directories });
            }
            '*' => pieces.push(Piece::Star),
            '?' => pieces.push(Piece::Any),
            '\\' => match chars.next() {
                Some(escaped) => pieces.push(Piece::One(escaped)),
                None => return Err("`\\` at the end escapes nothing".to_owned()),
            },
            '[' => pieces.push(class(&mut chars)?),
            other => pieces.push(Piece::One(other)),
        }
    }
    Ok(Shape::Pieces(pieces))
}

/// What stands between `[` and `]`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Piece, String> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    let one = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| match chars.next() {
        Some('\\') => chars.next(),
        other => other,
    };
    loop {
        if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
            return Ok(Piece::Class { negated, ranges });
        }
        if matches!(chars.peek(), Some(']' | '-')) {
            return Err("a character is missing in `[…]`".to_owned());
        }
        let from = one(chars).ok_or("`[` is never closed")?;
        let to = match chars.next_if_eq(&'-') {
            Some(_) if matches!(chars.peek(), Some(']')) => return Err("the range in `[…]` has no end".to_owned()),
            Some(_) => one(chars).ok_or("`[` is never closed")?,
            None => from,
        };
        ranges.push((from, to));
    }
}

/// Whether the pieces fit the whole path, or with `parents` a directory above it. All ways are followed side by side, so that time grows with the product of the
/// two lengths and no faster.
fn fits(pieces: &[Piece], path: &str, parents: bool) -> bool {
    let mut now = vec![false; pieces.len() + 1];
    let mut next = now.clone();
    now[0] = true;
    // Directories match up to right behind a `/`; `open` marks those that have begun.
    let mut open = vec![false; pieces.len()];
    settle(pieces, &mut now, &mut open);
    for c in path.chars() {
        if parents && c == '/' && now[pieces.len()] {
            return true;
        }
        next.fill(false);
        let mut any = false;
        for (index, piece) in pieces.iter().enumerate() {
            if open[index] && c == '/' {
                next[index + 1] = true;
            }
            if now[index] {
                match piece {
                    Piece::One(own) if *own == c => next[index + 1] = true,
                    Piece::Any if c != '/' => next[index + 1] = true,
                    Piece::Star if c != '/' => next[index] = true,
                    Piece::Rest => next[index] = true,
                    Piece::Class { negated, ranges }
                        if ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated =>
                    {
                        next[index + 1] = true;
                    }
                    _ => {}
                }
            }
            any |= open[index];
        }
        std::mem::swap(&mut now, &mut next);
        settle(pieces, &mut now, &mut open);
        if !any && !now.contains(&true) {
            return false;
        }
    }
    now[pieces.len()]
}

/// Follows what needs no character.
fn settle(pieces: &[Piece], now: &mut [bool], open: &mut [bool]) {
    for (index, piece) in pieces.iter().enumerate() {
        if now[index] {
            match piece {
                Piece::Star | Piece::Rest => now[index + 1] = true,
                Piece::Directories => {
                    open[index] = true;
                    now[index + 1] = true;
                }
                _ => {}
            }
        }
    }
}
