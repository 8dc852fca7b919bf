use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};

use super::page::{Page, link_header};
use crate::Call;

/// A success.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Body,
}

/// What an answer carries.
#[derive(Debug)]
pub enum Body {
    Empty,
    Json(Value),
    Bytes { content_type: String, bytes: bytes::Bytes },
    Stream(axum::body::Body),
}

impl Answer {
    /// 200 with JSON.
    #[must_use]
    pub fn json(value: impl Serialize) -> Self {
        Self::with_status(StatusCode::OK, value)
    }

    /// 201 with JSON.
    #[must_use]
    pub fn created(value: impl Serialize) -> Self {
        Self::with_status(StatusCode::CREATED, value)
    }

    /// 202 with JSON.
    #[must_use]
    pub fn accepted(value: impl Serialize) -> Self {
        Self::with_status(StatusCode::ACCEPTED, value)
    }

    #[must_use]
    pub fn with_status(status: StatusCode, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        Self { status, headers: Vec::new(), body: Body::Json(value) }
    }

    /// 204.
    #[must_use]
    pub fn empty() -> Self {
        Self::empty_with(StatusCode::NO_CONTENT)
    }

    #[must_use]
    pub fn empty_with(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    /// 302 to elsewhere.
    #[must_use]
    pub fn redirect(to: &str) -> Self {
        Self::empty_with(StatusCode::FOUND).header(header::LOCATION, to)
    }

    /// 200 with something that is not JSON.
    #[must_use]
    pub fn bytes(content_type: &str, bytes: impl Into<bytes::Bytes>) -> Self {
        let body = Body::Bytes { content_type: content_type.to_owned(), bytes: bytes.into() };
        Self { status: StatusCode::OK, headers: Vec::new(), body }
    }

    /// 200 with what comes piece by piece.
    #[must_use]
    pub fn stream(content_type: &str, body: axum::body::Body) -> Self {
        let answer = Self { status: StatusCode::OK, headers: Vec::new(), body: Body::Stream(body) };
        answer.header(header::CONTENT_TYPE, content_type)
    }

    /// A page of an array, with the links to others. `items` may hold one more than the page: then there is a next one.
    #[must_use]
    pub fn page(call: &Call, page: Page, mut items: Vec<Value>) -> Self {
        let more = items.len() > page.per_page;
        items.truncate(page.per_page);
        Self::json(Value::Array(items)).link(link_header(call, page, more, None))
    }

    /// A page of an array of which the whole is at hand.
    #[must_use]
    pub fn whole(call: &Call, page: Page, items: Vec<Value>) -> Self {
        let items: Vec<Value> = items.into_iter().skip(page.offset()).take(page.per_page + 1).collect();
        Self::page(call, page, items)
    }

    /// `{"total_count": total, "<name>": items}`, with the links to other pages.
    #[must_use]
    pub fn wrapped(call: &Call, page: Page, name: &str, items: Vec<Value>, total: i64) -> Self {
        let shown = page.offset() + items.len().min(page.per_page);
        let more = usize::try_from(total).is_ok_and(|total| total > shown);
        let items: Vec<Value> = items.into_iter().take(page.per_page).collect();
        let mut body = Map::new();
        body.insert("total_count".to_owned(), total.into());
        body.insert(name.to_owned(), Value::Array(items));
        Self::json(Value::Object(body)).link(link_header(call, page, more, Some(total)))
    }

    fn link(self, link: Option<String>) -> Self {
        match link {
            Some(link) => self.header(header::LINK, &link),
            None => self,
        }
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = match self.body {
            Body::Empty => Response::new(axum::body::Body::empty()),
            Body::Json(value) => {
                let mut response = Response::new(axum::body::Body::from(value.to_string()));
                let json = HeaderValue::from_static("application/json; charset=utf-8");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                response
            }
            Body::Bytes { content_type, bytes } => {
                let mut response = Response::new(axum::body::Body::from(bytes));
                if let Ok(content_type) = HeaderValue::from_str(&content_type) {
                    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
                }
                response
            }
            Body::Stream(body) => Response::new(body),
        };
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}
