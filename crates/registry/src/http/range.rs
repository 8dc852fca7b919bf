use axum::http::{HeaderMap, header};

/// The part of a blob that a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Whole,
    /// Bytes from the first up to and without the second.
    Part(u64, u64),
    Unsatisfiable,
}

/// Reads `Range` for content of this size. What is not understood, and several ranges at once, mean everything, as RFC 9110
/// allows.
pub(crate) fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Wanted {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let Some(range) = text(header::RANGE).and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    if text(header::IF_RANGE).is_some_and(|condition| condition.trim() != etag) {
        return Wanted::Whole;
    }
    let Some((first, last)) = range.split_once('-') else { return Wanted::Whole };
    let number = |text: &str| {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Some(text.parse::<u64>().unwrap_or(u64::MAX))
        } else {
            None
        }
    };
    match (first.trim(), number(first), last.trim(), number(last)) {
        ("", _, _, Some(0)) => Wanted::Unsatisfiable,
        ("", _, _, Some(_)) if size == 0 => Wanted::Unsatisfiable,
        ("", _, _, Some(suffix)) => Wanted::Part(size.saturating_sub(suffix), size),
        (_, Some(first), _, Some(last)) if first > last => Wanted::Whole,
        (_, Some(first), _, Some(_)) | (_, Some(first), "", _) if first >= size => Wanted::Unsatisfiable,
        (_, Some(first), _, Some(last)) => Wanted::Part(first, last.saturating_add(1).min(size)),
        (_, Some(first), "", _) => Wanted::Part(first, size),
        _ => Wanted::Whole,
    }
}

/// Reads `Content-Range` of a chunk, `first-last`, as the distribution specification writes it; `bytes first-last/size` is
/// accepted as well.
pub(crate) fn chunk(text: &str) -> Option<(u64, u64)> {
    let text = text.trim();
    let text = text.strip_prefix("bytes").map_or(text, |rest| rest.trim_start_matches(['=', ' ']));
    let text = text.split('/').next().unwrap_or(text);
    let (first, last) = text.split_once('-')?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    Some((number(first)?, number(last)?)).filter(|(first, last)| first <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, size, expected) in [
            ("bytes=0-0", 10, Wanted::Part(0, 1)),
            ("bytes=2-5", 10, Wanted::Part(2, 6)),
            ("bytes=2-", 10, Wanted::Part(2, 10)),
            ("bytes=-3", 10, Wanted::Part(7, 10)),
            ("bytes=-30", 10, Wanted::Part(0, 10)),
            ("bytes=5-99999999999999999999999", 10, Wanted::Part(5, 10)),
            ("bytes=10-", 10, Wanted::Unsatisfiable),
            ("bytes=10-20", 10, Wanted::Unsatisfiable),
            ("bytes=-0", 10, Wanted::Unsatisfiable),
            ("bytes=-1", 0, Wanted::Unsatisfiable),
            ("bytes=0-", 0, Wanted::Unsatisfiable),
            ("bytes=5-2", 10, Wanted::Whole),
            ("bytes=0-1,3-4", 10, Wanted::Whole),
            ("bytes=a-b", 10, Wanted::Whole),
            ("lines=1-2", 10, Wanted::Whole),
            ("bytes=-", 10, Wanted::Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
            assert_eq!(wanted(&headers, size, "\"x\""), expected, "{range} of {size}");
        }
        let headers = HeaderMap::from_iter([
            (header::RANGE, "bytes=0-0".parse().unwrap()),
            (header::IF_RANGE, "\"old\"".parse().unwrap()),
        ]);
        assert_eq!(wanted(&headers, 10, "\"new\""), Wanted::Whole);
        assert_eq!(wanted(&headers, 10, "\"old\""), Wanted::Part(0, 1));
    }

    #[test]
    fn chunks() {
        for (text, expected) in [
            ("0-9", Some((0, 9))),
            ("bytes 5-9/10", Some((5, 9))),
            ("bytes=5-9", Some((5, 9))),
            ("9-5", None),
            ("-5", None),
            ("5-", None),
            ("x", None),
            ("0-99999999999999999999999", None),
        ] {
            assert_eq!(chunk(text), expected, "{text}");
        }
    }
}
