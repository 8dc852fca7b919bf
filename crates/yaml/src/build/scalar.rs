//! Scalars: their style, their exact place, and the kind their tag or spelling gives them.

use std::borrow::Cow;
use std::sync::Arc;

use saphyr_parser::{ScalarStyle, Tag};

use super::{Builder, Stop};
use crate::draft::{Body, Draft, SCALAR_COST};
use crate::{Kind, Scalar, Style, problem, schema, trace};

type Tagged<'t> = Option<Cow<'t, Tag>>;

impl Builder<'_> {
    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Tagged<'_>,
        (start, end): (usize, usize),
    ) -> Result<(), Stop> {
        let absent = text.is_empty() && style == ScalarStyle::Plain;
        let has_properties = anchor > 0 || tag.is_some();
        if has_properties {
            self.cursor.at = start;
            self.anchor(anchor);
        }
        let (style, traced) = match style {
            _ if absent => {
                let at = if has_properties { end } else { self.cursor.at };
                self.cursor.at = at;
                (Style::Plain, trace::plain(self.text, at, at, text))
            }
            ScalarStyle::Plain => {
                let at = self.content(start, has_properties);
                (Style::Plain, trace::plain(self.text, at, end.max(at), text))
            }
            ScalarStyle::SingleQuoted => {
                let at = self.content(start, has_properties);
                (Style::Single, trace::single(self.text, at, text))
            }
            ScalarStyle::DoubleQuoted => {
                let at = self.content(start, has_properties);
                (Style::Double, trace::double(self.text, at, text))
            }
            // The parser's mark is at the content; the header is before it.
            ScalarStyle::Literal => {
                self.cursor.skip_properties();
                (Style::Literal, trace::block(self.text, self.cursor.at, text))
            }
            ScalarStyle::Folded => {
                self.cursor.skip_properties();
                (Style::Folded, trace::block(self.text, self.cursor.at, text))
            }
        };
        let text = &text[..text.len() - traced.surplus];
        let span = self.place.span(self.cursor.at, traced.end);
        self.cursor.at = traced.end;
        let traced_end = traced.end;
        let scalar = self.located(text, style, traced);
        let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
        let kind = match schema::kind(text, style, tag.as_deref()) {
            Ok(kind) => kind,
            Err(invalid) => {
                let whole = if has_properties { self.place.span(start, traced_end) } else { span };
                self.report(problem::invalid_scalar(&invalid, text, tag.as_deref(), whole));
                Kind::String
            }
        };
        self.spend(SCALAR_COST, span)?;
        let body = Body::Scalar(kind, scalar);
        let id = self.drafts.push(Draft { span, body, nodes: SCALAR_COST, height: 0 });
        self.add(id, anchor);
        Ok(())
    }

    /// Sets the cursor to where a node's content begins.
    fn content(&mut self, start: usize, has_properties: bool) -> usize {
        self.cursor.at = start;
        if has_properties {
            self.cursor.skip_properties();
        }
        self.cursor.at
    }

    fn located(&self, text: &str, style: Style, traced: trace::Traced) -> Scalar {
        let content = self.place.span(traced.content.0, traced.content.1);
        let mut pieces = traced.pieces;
        let same = match pieces.as_slice() {
            [] => true,
            // A block's last break is outside of its content.
            [one] => {
                let (start, end) = traced.content;
                one.is_linear() && one.source as usize == start && text.len() <= end - start
            }
            _ => false,
        };
        let base = self.place.base as u32;
        pieces.iter_mut().for_each(|piece| piece.source += base);
        let pieces = (!same).then(|| Arc::from(pieces));
        Scalar { text: text.into(), style, content, pieces }
    }
}
