/// One piece of a format string.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    /// `{0}`, and what follows a colon in it, unescaped.
    Argument {
        index: usize,
        specifiers: String,
    },
}

/// Cuts a format string into pieces. `None` when its braces do not match.
///
/// `check` sees each argument's index as soon as it is read, since GitHub complains about the first fault from the left.
pub(crate) fn pieces<E>(
    format: &str,
    mut check: impl FnMut(usize) -> Result<(), E>,
) -> Result<Option<Vec<Piece<'_>>>, E> {
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(brace) = rest.find(['{', '}']) {
        let (before, at) = rest.split_at(brace);
        let doubled = at.starts_with("{{") || at.starts_with("}}");
        if doubled {
            pieces.push(Piece::Text(&rest[..=brace]));
            rest = &at[2..];
            continue;
        }
        let Some((index, specifiers, length)) = argument(at) else {
            return Ok(None);
        };
        check(index)?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Argument { index, specifiers });
        rest = &at[length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(Some(pieces))
}

/// `{` digits `}` or `{` digits `:` specifiers `}` at the start of `text`: the index, the specifiers, and the length.
fn argument(text: &str) -> Option<(usize, String, usize)> {
    let inside = text.strip_prefix('{')?;
    let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
    let index: u8 = inside[..digits].parse().ok()?;
    let mut at = 1 + digits;
    let mut specifiers = String::new();
    let mut characters = text[at..].chars();
    match characters.next()? {
        '}' => return Some((index.into(), specifiers, at + 1)),
        ':' => at += 1,
        _ => return None,
    }
    // A first closing brace must follow the opening one somewhere, which the loop below also demands.
    let mut characters = text[at..].chars().peekable();
    while let Some(character) = characters.next() {
        at += character.len_utf8();
        if character != '}' {
            specifiers.push(character);
        } else if characters.next_if_eq(&'}').is_some() {
            at += 1;
            specifiers.push('}');
        } else {
            return Some((index.into(), specifiers, at));
        }
    }
    None
}
