//! Where in the structure of a file a cursor stands.
//!
//! While somebody types, the text is often no YAML. So this goes by indentation alone, line by line, and works on text that
//! no parser takes; what it cannot see (flow mappings over several lines) it leaves out.

use std::ops::Range;

/// The keys above a cursor, and what is written at it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// From the root; an item of a list is `[]`. The key of the cursor's own line is its last part where the cursor
    /// stands after the colon.
    pub(crate) path: Vec<String>,
    /// What the cursor stands in.
    pub(crate) at: At,
    /// The bytes of the word up to the cursor, which a completion replaces.
    pub(crate) word: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Key,
    Value,
    /// Between `${{` and `}}`, or in a condition.
    Expression,
    Comment,
}

/// A line of the form `- key: value`, as far as it has these.
struct Line<'a> {
    /// Columns of its list marks.
    marks: Vec<usize>,
    /// Column and text of its key.
    key: Option<(usize, &'a str)>,
    /// Column of what follows.
    value: usize,
}

pub(crate) fn place(text: &str, offset: usize) -> Place {
    let offset = text.floor_char_boundary(offset);
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[start..offset];
    let lines: Vec<&str> = text[..start].lines().collect();
    let line = read(before);
    let content = before.trim_start_matches([' ', '-']);
    let own = before.len() - content.len();
    // A block scalar above takes all that is indented further: the cursor is in its text.
    let block = block_above(&lines, before.len() - before.trim_start().len());
    let (limit, mut path) = match line.key {
        Some((column, key)) if block.is_none() => (column, vec![key.to_owned()]),
        _ => (own, Vec::new()),
    };
    let mut above = match block {
        Some(at) => {
            let opener = read(lines[at]);
            path.extend(opener.key.iter().map(|(_, key)| (*key).to_owned()));
            let column = opener.key.map_or(opener.value, |(column, _)| column);
            enclosing(&lines[..at], column, &opener.marks)
        }
        None => enclosing(&lines, limit, &line.marks),
    };
    above.append(&mut path);
    let expression = in_expression(text, offset) || is_condition(&above, &line, block.is_some());
    let at = if expression {
        At::Expression
    } else if in_comment(before) && block.is_none() {
        At::Comment
    } else if line.key.is_some() || block.is_some() {
        At::Value
    } else {
        At::Key
    };
    let is_word = |c: char| match at {
        At::Expression => c.is_alphanumeric() || matches!(c, '_' | '-'),
        _ => !c.is_whitespace() && !matches!(c, '[' | ',' | '{' | '"' | '\''),
    };
    let word =
        before.rfind(|c: char| !is_word(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    Place { path: above, at, word: start + word..offset }
}

/// Keys and list items that hold a line whose key stands at `column`, from the root.
fn enclosing(lines: &[&str], column: usize, marks: &[usize]) -> Vec<String> {
    let mut parts: Vec<String> = marks.iter().map(|_| "[]".to_owned()).collect();
    let mut limit = marks.first().copied().unwrap_or(column);
    // Whether the next thing to the left may stand at the same column: a list under its key may.
    let mut list = !marks.is_empty();
    for text in lines.iter().rev() {
        if limit == 0 && !list {
            break;
        }
        let trimmed = text.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let line = read(text);
        let indent = text.len() - trimmed.len();
        if let Some((key_column, key)) = line.key
            && (key_column < limit || (list && key_column == limit && line.marks.is_empty()))
        {
            parts.insert(0, key.to_owned());
            limit = key_column;
            list = false;
            // `- a:` holds what is below in the item, and the item in its list.
            if !line.marks.is_empty() {
                line.marks.iter().for_each(|_| parts.insert(0, "[]".to_owned()));
                limit = line.marks[0];
                list = true;
            }
        } else if !list && !line.marks.is_empty() && indent < limit {
            // Another key of the item that this line begins.
            line.marks.iter().for_each(|_| parts.insert(0, "[]".to_owned()));
            limit = indent;
            list = true;
        }
    }
    parts
}

/// The line above that opens a block scalar (`run: |`) which a line of this indentation belongs to.
fn block_above(lines: &[&str], indent: usize) -> Option<usize> {
    let mut limit = indent;
    for (index, text) in lines.iter().enumerate().rev() {
        let trimmed = text.trim_start();
        let own = text.len() - trimmed.len();
        if trimmed.is_empty() || own >= limit {
            continue;
        }
        let line = read(text);
        let value = text.get(line.value..).unwrap_or_default().trim();
        let column = line.key.map_or(own, |(column, _)| column);
        if value.starts_with(['|', '>']) && value.len() <= 3 && (line.key.is_some() || !line.marks.is_empty()) {
            return (column < indent).then_some(index);
        }
        limit = own;
    }
    None
}

fn read(text: &str) -> Line<'_> {
    let mut at = text.len() - text.trim_start().len();
    let mut marks = Vec::new();
    while text[at..].starts_with("- ") || &text[at..] == "-" {
        marks.push(at);
        at += 1;
        at += text[at..].len() - text[at..].trim_start().len();
    }
    let rest = &text[at..];
    let quoted = rest.starts_with(['"', '\'']);
    let end = rest.match_indices(':').map(|(end, _)| end).find(|end| {
        let after = rest[end + 1..].chars().next();
        after.is_none_or(char::is_whitespace) && (!quoted || rest[..*end].ends_with(['"', '\'']))
    });
    match end {
        Some(end) if !rest[..end].is_empty() && !rest.starts_with(['#', '{', '[']) => {
            Line { marks, key: Some((at, rest[..end].trim_matches(['"', '\'']))), value: at + end + 1 }
        }
        _ => Line { marks, key: None, value: at },
    }
}

fn in_expression(text: &str, offset: usize) -> bool {
    let before = &text[..offset];
    let Some(open) = before.rfind("${{") else { return false };
    !before[open..].contains("}}")
}

/// What stands after `if:` is an expression without its signs.
fn is_condition(path: &[String], line: &Line<'_>, block: bool) -> bool {
    path.last().is_some_and(|key| key == "if" || key == "pre-if" || key == "post-if") && (line.key.is_some() || block)
}

fn in_comment(before: &str) -> bool {
    before.match_indices('#').any(|(at, _)| at == 0 || before[..at].ends_with([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of the `|` that the text has; `~` stands for a literal `|`.
    fn at(text: &str) -> (String, At, String) {
        let offset = text.find('|').unwrap();
        let text = text.replacen('|', "", 1).replace('~', "|");
        let place = place(&text, offset);
        (place.path.join("."), place.at, text[place.word].to_owned())
    }

    #[test]
    fn places_by_indentation() {
        let job = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n";
        for (text, path, kind, word) in [
            ("n|".to_owned(), "", At::Key, "n"),
            ("on:\n  pu|".to_owned(), "on", At::Key, "pu"),
            ("on: pu|".to_owned(), "on", At::Value, "pu"),
            ("on: [push, pu|".to_owned(), "on", At::Value, "pu"),
            ("on:\n  push:\n    branches:\n      - ma|".to_owned(), "on.push.branches.[]", At::Key, "ma"),
            ("on:\n  push:\n    branches:\n    - ma|".to_owned(), "on.push.branches.[]", At::Key, "ma"),
            ("jobs:\n  a:\n    # why\n\n    ne|".to_owned(), "jobs.a", At::Key, "ne"),
            ("jobs:\n  a:\n    needs: |".to_owned(), "jobs.a.needs", At::Value, ""),
            (format!("{job}      - ru|"), "jobs.a.steps.[]", At::Key, "ru"),
            (format!("{job}      - name: x\n        ru|"), "jobs.a.steps.[]", At::Key, "ru"),
            (format!("{job}    - name: x\n      ru|"), "jobs.a.steps.[]", At::Key, "ru"),
            (format!("{job}      - uses: a/b@v1\n        with:\n          to|"), "jobs.a.steps.[].with", At::Key, "to"),
            (format!("{job}      - run: ~\n          echo ${{{{ github.|"), "jobs.a.steps.[].run", At::Expression, ""),
            (format!("{job}      - run: ~\n          echo x: |"), "jobs.a.steps.[].run", At::Value, ""),
            (format!("{job}      - if: fai|"), "jobs.a.steps.[].if", At::Expression, "fai"),
            ("jobs:\n  a:\n    if: github.ref_na|".to_owned(), "jobs.a.if", At::Expression, "ref_na"),
            ("on: push # not pu|".to_owned(), "on", At::Comment, "pu"),
        ] {
            assert_eq!(at(&text), (path.to_owned(), kind, word.to_owned()), "{text}");
        }
    }
}
