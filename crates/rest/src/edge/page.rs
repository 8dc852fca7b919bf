use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Call;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: usize,
    pub per_page: usize,
}

impl Page {
    /// `page` and `per_page` as GitHub takes them: 30 a page, 100 at most, and nonsense is passed over.
    pub(crate) fn of(query: &[(String, String)]) -> Self {
        let number = |name: &str| {
            let found = query.iter().rev().find(|(key, _)| key == name);
            found.and_then(|(_, value)| value.parse::<usize>().ok()).filter(|value| *value > 0)
        };
        Self { number: number("page").unwrap_or(1).min(1_000_000), per_page: number("per_page").unwrap_or(30).min(100) }
    }

    #[must_use]
    pub fn offset(self) -> usize {
        (self.number - 1) * self.per_page
    }

    /// For SQL.
    #[must_use]
    pub fn sql_offset(self) -> i64 {
        i64::try_from(self.offset()).unwrap_or(i64::MAX)
    }

    /// For SQL: one more than the page has, to know whether there is a next one.
    #[must_use]
    pub fn sql_limit(self) -> i64 {
        i64::try_from(self.per_page + 1).unwrap_or(i64::MAX)
    }
}

/// The `Link` header; `None` where one page is all there is.
pub(crate) fn link_header(call: &Call, page: Page, more: bool, total: Option<i64>) -> Option<String> {
    let url = |number: usize| {
        let mut pairs: Vec<String> = call
            .query
            .iter()
            .filter(|(name, _)| name != "page")
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        pairs.push(format!("page={number}"));
        format!("{}?{}", call.url, pairs.join("&"))
    };
    let mut links = Vec::new();
    if page.number > 1 {
        links.push(format!("<{}>; rel=\"prev\"", url(page.number - 1)));
    }
    if more {
        links.push(format!("<{}>; rel=\"next\"", url(page.number + 1)));
        if let Some(total) = total.and_then(|total| usize::try_from(total).ok()) {
            links.push(format!("<{}>; rel=\"last\"", url(total.div_ceil(page.per_page))));
        }
    }
    if page.number > 1 {
        links.push(format!("<{}>; rel=\"first\"", url(1)));
    }
    (!links.is_empty()).then(|| links.join(", "))
}

/// What stands for itself in a query (RFC 3986, 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as part of a path or a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let page = |pairs: &[(&str, &str)]| {
            let query: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let page = Page::of(&query);
            (page.number, page.per_page, page.offset())
        };
        assert_eq!(page(&[]), (1, 30, 0));
        assert_eq!(page(&[("page", "3"), ("per_page", "10")]), (3, 10, 20));
        assert_eq!(page(&[("page", "0"), ("per_page", "-1")]), (1, 30, 0));
        assert_eq!(page(&[("page", "x"), ("per_page", "1000")]), (1, 100, 0));
        assert_eq!(page(&[("page", "99999999999999999999")]).0, 1);
    }
}
