//! Literal and folded block scalars: their indentation is stripped, folded lines are joined.

use super::{Mismatch, Traced, Tracer, break_len};

/// A block scalar whose `|` or `>` is at `header`.
pub(crate) fn block(source: &str, header: usize, decoded: &str) -> Traced {
    let first = Line::at(source, header);
    let mut tracer = Tracer::new(source, decoded, first.next);
    let mut end = first.end;
    let mut surplus = 0;
    let walked = match indent(source, first.next, decoded) {
        Some(indent) => lines(&mut tracer, indent, &mut end, &mut surplus),
        None => {
            // Nothing but breaks: the places inside are of no use to anyone.
            tracer.at = end;
            Err(Mismatch)
        }
    };
    let pieces = tracer.finish(walked, end);
    let start = pieces.first().map_or(end, |piece| piece.source as usize);
    // Comments after the header are not part of the token if no content follows.
    let end = if end == first.end { header_end(source, header, first.end) } else { end };
    Traced { end, content: (start.min(end), end), pieces, surplus }
}

/// One line: its end without the break, and the start of the next.
struct Line {
    start: usize,
    end: usize,
    next: usize,
}

impl Line {
    fn at(source: &str, start: usize) -> Line {
        let rest = &source.as_bytes()[start.min(source.len())..];
        let len = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        Line { start, end: start + len, next: start + len + break_len(&rest[len..]) }
    }

    /// Leading spaces, and whether anything else follows them.
    fn spaces(&self, source: &str) -> (usize, bool) {
        let bytes = &source.as_bytes()[self.start..self.end];
        let spaces = bytes.iter().take_while(|byte| **byte == b' ').count();
        (spaces, spaces < bytes.len())
    }
}

/// How many columns were stripped: the first line with something on it has lost that many.
fn indent(source: &str, mut at: usize, decoded: &str) -> Option<usize> {
    let kept = decoded.split('\n').find(|line| line.bytes().any(|byte| byte != b' '))?;
    let kept = kept.bytes().take_while(|byte| *byte == b' ').count();
    while at < source.len() {
        let line = Line::at(source, at);
        let (spaces, filled) = line.spaces(source);
        if filled {
            return spaces.checked_sub(kept);
        }
        at = line.next;
    }
    None
}

/// Walks the block's lines. `end` becomes the end of the last one with content; `surplus` the
/// number of breaks in the text that the file does not have.
fn lines(tracer: &mut Tracer<'_>, indent: usize, end: &mut usize, surplus: &mut usize) -> Result<(), Mismatch> {
    let source = tracer.source;
    // Breaks since the last content, each with its place and length.
    let mut breaks: Vec<(usize, usize)> = Vec::new();
    let mut unended = false;
    let mut at = tracer.at;
    while at < source.len() && tracer.out < tracer.decoded.len() {
        let line = Line::at(source, at);
        let (spaces, filled) = line.spaces(source);
        let content = line.start + spaces.min(indent);
        if filled && spaces < indent {
            break;
        }
        if content < line.end {
            let rest = &tracer.decoded[tracer.out..];
            if rest.bytes().all(|byte| byte == b'\n') {
                break;
            }
            joined(tracer, &breaks)?;
            breaks.clear();
            tracer.at = content;
            tracer.copy(line.end - content)?;
            *end = line.end;
        }
        if line.next == line.end {
            unended = content < line.end || spaces >= indent.max(1);
        } else {
            breaks.push((line.end, line.next - line.end));
        }
        at = line.next;
    }
    let wanted = tracer.decoded.len() - tracer.out;
    breaks.truncate(wanted);
    // The parser ends the file's last line with a break even where there is none.
    *surplus = usize::from(unended && wanted > 0);
    breaks.resize(wanted, (*end, 0));
    for (at, len) in breaks {
        tracer.at = at;
        tracer.fold(len, 1)?;
    }
    Ok(())
}

/// The breaks before a line of content: kept as they are, or folded to a space or to one less.
fn joined(tracer: &mut Tracer<'_>, breaks: &[(usize, usize)]) -> Result<(), Mismatch> {
    let rest = &tracer.decoded.as_bytes()[tracer.out..];
    if let ([(at, len)], Some(b' ')) = (breaks, rest.first())
        && tracer.out > 0
    {
        tracer.at = *at;
        return tracer.fold(*len, 1);
    }
    let kept = rest.iter().take_while(|byte| **byte == b'\n').count();
    let dropped = breaks.len().checked_sub(kept).ok_or(Mismatch)?;
    for (at, len) in &breaks[dropped..] {
        tracer.at = *at;
        tracer.fold(*len, 1)?;
    }
    Ok(())
}

/// The end of `|` or `>` and its indicators.
fn header_end(source: &str, header: usize, line_end: usize) -> usize {
    let bytes = source.as_bytes().get(header + 1..line_end).unwrap_or_default();
    let indicators = bytes.iter().take_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9'));
    header + 1 + indicators.count()
}
