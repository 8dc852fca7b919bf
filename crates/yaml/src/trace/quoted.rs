//! Plain and quoted scalars: their lines fold, quotes and escapes are replaced.

use super::{Mismatch, Traced, Tracer, break_len, is_blank};

/// A plain scalar; its end is known from the parser.
pub(crate) fn plain(source: &str, start: usize, end: usize, decoded: &str) -> Traced {
    let mut tracer = Tracer::new(source, decoded, start);
    let walked = walk(&mut tracer, end, |_, _| Ok(false));
    Traced { end, content: (start, end), pieces: tracer.finish(walked, end), surplus: 0 }
}

/// A scalar in single quotes, the first of which is at `start`.
pub(crate) fn single(source: &str, start: usize, decoded: &str) -> Traced {
    let bytes = source.as_bytes();
    let mut close = start + 1;
    while close < bytes.len() {
        if bytes[close] == b'\'' {
            if bytes.get(close + 1) != Some(&b'\'') {
                break;
            }
            close += 1;
        }
        close += 1;
    }
    quoted(source, start, close, decoded, |tracer, byte| {
        if byte != b'\'' {
            return Ok(false);
        }
        tracer.replace(2, 1)?;
        Ok(true)
    })
}

/// A scalar in double quotes, the first of which is at `start`.
pub(crate) fn double(source: &str, start: usize, decoded: &str) -> Traced {
    let bytes = source.as_bytes();
    let mut close = start + 1;
    while close < bytes.len() && bytes[close] != b'"' {
        close += if bytes[close] == b'\\' { 2 } else { 1 };
    }
    let close = close.min(bytes.len());
    quoted(source, start, close, decoded, |tracer, byte| {
        if byte != b'\\' {
            return Ok(false);
        }
        escape(tracer, close)?;
        Ok(true)
    })
}

fn quoted(
    source: &str,
    start: usize,
    close: usize,
    decoded: &str,
    special: impl Fn(&mut Tracer<'_>, u8) -> Result<bool, Mismatch>,
) -> Traced {
    let close = close.min(source.len());
    let mut tracer = Tracer::new(source, decoded, start + 1);
    let walked = walk(&mut tracer, close, special);
    let pieces = tracer.finish(walked, close);
    Traced { end: (close + 1).min(source.len()), content: (start + 1, close), pieces, surplus: 0 }
}

/// Copies what stands for itself, folds line breaks, and leaves the rest to `special`, which says
/// whether it took something.
fn walk(
    tracer: &mut Tracer<'_>,
    end: usize,
    special: impl Fn(&mut Tracer<'_>, u8) -> Result<bool, Mismatch>,
) -> Result<(), Mismatch> {
    while tracer.at < end {
        let rest = tracer.rest(end);
        let stop = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\'' | b'\\');
        let len = rest.iter().position(stop).unwrap_or(rest.len());
        if break_len(&rest[len..]) > 0 {
            let blanks = rest[..len].iter().rev().take_while(|byte| is_blank(**byte)).count();
            tracer.copy(len - blanks)?;
            let (skipped, breaks) = fold_at(tracer.rest(end));
            tracer.fold(skipped, if breaks == 1 { 1 } else { breaks - 1 })?;
            continue;
        }
        tracer.copy(len)?;
        if let Some(byte) = rest.get(len)
            && !special(tracer, *byte)?
        {
            tracer.copy(1)?;
        }
    }
    Ok(())
}

/// Length of the blanks and breaks here, and how many breaks they have.
fn fold_at(bytes: &[u8]) -> (usize, usize) {
    let (mut at, mut breaks) = (0, 0);
    loop {
        let rest = &bytes[at..];
        match (break_len(rest), rest.first()) {
            (0, Some(byte)) if is_blank(*byte) => at += 1,
            (0, _) => return (at, breaks),
            (len, _) => {
                at += len;
                breaks += 1;
            }
        }
    }
}

/// An escape of a double-quoted scalar, from its backslash.
fn escape(tracer: &mut Tracer<'_>, end: usize) -> Result<(), Mismatch> {
    let rest = tracer.rest(end);
    let code = *rest.get(1).ok_or(Mismatch)?;
    if break_len(&rest[1..]) > 0 {
        // An escaped break is nothing; the empty lines after it are kept.
        let (skipped, breaks) = fold_at(&rest[1..]);
        return tracer.fold(1 + skipped, breaks - 1);
    }
    let digits = match code {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => 0,
    };
    let decoded = tracer.decoded.get(tracer.out..).and_then(|rest| rest.chars().next());
    tracer.replace(2 + digits, decoded.ok_or(Mismatch)?.len_utf8())
}
