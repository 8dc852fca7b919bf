//! From the parser's events to drafts. The parser is driven event by event, never by its own
//! recursion, so that depth costs no stack.

mod scalar;

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};
use span::{Diagnostic, Span};

use crate::cursor::Cursor;
use crate::draft::{Body, COLLECTION_COST, Draft, Drafts, Id, Place, SCALAR_COST};
use crate::offsets::Offsets;
use crate::{Anchor, Kind, Limits, Node, Scalar, Style, problem, syntax};

pub(crate) struct Builder<'a> {
    text: &'a str,
    place: Place,
    limits: &'a Limits,
    offsets: Offsets,
    cursor: Cursor<'a>,
    drafts: Drafts,
    stack: Vec<Frame>,
    /// By the parser's number, which starts at 1.
    anchors: Vec<Anchored>,
    nodes: usize,
    root: Option<Id>,
    document: Option<Span>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A collection that is not finished.
struct Frame {
    map: bool,
    flow: bool,
    start: usize,
    /// 0: none.
    anchor: usize,
    items: Vec<Id>,
}

struct Anchored {
    anchor: Anchor,
    draft: Option<Id>,
}

/// Reading cannot go on; the diagnostic says why.
pub(crate) struct Stop {
    /// The byte of the text at which it is not YAML, if that is why.
    pub(crate) syntax_at: Option<usize>,
}

/// A reason that has nothing to do with syntax.
const STOP: Stop = Stop { syntax_at: None };

impl<'a> Builder<'a> {
    pub(crate) fn new(text: &'a str, place: Place, limits: &'a Limits) -> Builder<'a> {
        Builder {
            text,
            place,
            limits,
            offsets: Offsets::new(text),
            cursor: Cursor::new(text),
            drafts: Drafts::default(),
            stack: Vec::new(),
            anchors: Vec::new(),
            nodes: 0,
            root: None,
            document: None,
            diagnostics: Vec::new(),
        }
    }

    /// Reads to the end of the text or to what makes it unreadable.
    pub(crate) fn run(&mut self) -> Result<(), Stop> {
        let mut parser = Parser::new_from_str(self.text);
        loop {
            let (event, at) = match parser.next_event() {
                None | Some(Ok((Event::StreamEnd, _))) => return Ok(()),
                Some(Ok(event)) => event,
                // The parser has taken the alias and left the state as after a node.
                Some(Err(error)) if syntax::is_unknown_anchor(&error) => {
                    let start = self.offsets.byte(error.marker().index());
                    self.unknown_alias(start);
                    continue;
                }
                Some(Err(error)) => {
                    let at = self.offsets.byte(error.marker().index());
                    self.report(syntax::diagnose(&error, self.text, at, self.place));
                    return Err(Stop { syntax_at: Some(at) });
                }
            };
            let start = self.offsets.byte(at.start.index());
            let end = self.offsets.byte(at.end.index());
            self.event(event, start, end)?;
        }
    }

    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(explicit) => self.document(explicit, start, end),
            Event::Scalar(text, style, anchor, tag) => {
                self.enter();
                self.scalar(&text, style, anchor, tag, (start, end))
            }
            Event::SequenceStart(anchor, _) => self.open(false, anchor, start, end),
            Event::MappingStart(anchor, _) => self.open(true, anchor, start, end),
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(start);
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, start, end),
            _ => Ok(()),
        }
    }

    /// The tree and the anchors, once everything was read.
    pub(crate) fn finish(self) -> (Node, Vec<Anchor>, Vec<Diagnostic>) {
        let root = match self.root {
            Some(root) => self.drafts.expand(root, None),
            None => self.absent(self.text.len()),
        };
        (root, self.anchors.into_iter().map(|a| a.anchor).collect(), self.diagnostics)
    }

    pub(crate) fn into_anchors(self) -> (Vec<Anchor>, Vec<Diagnostic>) {
        (self.anchors.into_iter().map(|a| a.anchor).collect(), self.diagnostics)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < self.limits.max_diagnostics {
            self.diagnostics.push(diagnostic);
        }
    }

    fn document(&mut self, explicit: bool, start: usize, end: usize) -> Result<(), Stop> {
        let span = self.place.span(start, end);
        if let Some(first) = self.document {
            self.report(problem::second_document(span, first));
            return Err(STOP);
        }
        self.document = Some(span);
        // Otherwise it is marked where its content is, after a block's header.
        if explicit {
            self.cursor.at = end;
        }
        Ok(())
    }

    /// Moves over the marks before the next node of the collection that is open.
    fn enter(&mut self) {
        let Some(frame) = self.stack.last() else {
            return;
        };
        if frame.map && frame.items.len() % 2 == 1 {
            if frame.flow {
                self.cursor.take(b':');
            } else {
                self.cursor.take_apart(b':');
            }
            return;
        }
        if frame.flow {
            self.cursor.take(b',');
        } else if !frame.map {
            self.cursor.take_apart(b'-');
        }
        if frame.map {
            self.cursor.take_apart(b'?');
        }
    }

    fn open(&mut self, map: bool, anchor: usize, start: usize, end: usize) -> Result<(), Stop> {
        self.enter();
        if anchor > 0 {
            self.cursor.at = start;
            self.anchor(anchor);
        }
        let bytes = self.text.as_bytes();
        // Where the properties end is not marked, so they are read again.
        let mut ahead = self.cursor;
        ahead.at = start;
        ahead.skip_properties();
        // Blocks and the pairs of `[a: b]` start with marks of no length.
        let flow = end > ahead.at && matches!(bytes.get(ahead.at), Some(b'[' | b'{'));
        let start = if flow {
            self.cursor.at = ahead.at + 1;
            ahead.at
        } else if map {
            self.cursor.at = end;
            end
        } else {
            // A sequence at its key's indentation is marked after its first dash.
            self.cursor.skip_properties();
            self.cursor.at
        };
        let span = self.place.span(start, (start + 1).min(self.text.len()));
        if self.stack.len() >= self.limits.max_depth {
            self.report(problem::too_deep(span, self.limits.max_depth));
            return Err(STOP);
        }
        self.spend(COLLECTION_COST, span)?;
        self.stack.push(Frame { map, flow, start, anchor, items: Vec::new() });
        Ok(())
    }

    fn close(&mut self, end: usize) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        if frame.flow {
            self.cursor.at = (end + 1).min(self.text.len());
        }
        let last = frame.items.last().map(|id| self.drafts.get(*id).span.end as usize);
        let last = last.map_or(frame.start, |end| end - self.place.base);
        let end = if frame.flow { self.cursor.at } else { last };
        let span = self.place.span(frame.start, end);
        let children = || frame.items.iter().map(|id| self.drafts.get(*id));
        let nodes = COLLECTION_COST + children().map(|draft| draft.nodes).sum::<usize>();
        let height = 1 + children().map(|draft| draft.height).max().unwrap_or(0);
        if frame.map {
            self.check_keys(&frame.items);
        }
        let body = if frame.map { Body::Map(frame.items) } else { Body::Seq(frame.items) };
        let id = self.drafts.push(Draft { span, body, nodes, height });
        self.add(id, frame.anchor);
    }

    fn check_keys(&mut self, items: &[Id]) {
        let mut found = Vec::new();
        let mut seen: HashMap<&str, Id> = HashMap::with_capacity(items.len() / 2);
        for key in items.iter().step_by(2) {
            let span = self.drafts.get(*key).span;
            let Some(scalar) = self.drafts.scalar(*key) else {
                found.push(problem::complex_key(span));
                continue;
            };
            if &*scalar.text == "<<" && scalar.style == Style::Plain {
                found.push(problem::merge_key(span));
            } else if let Some(first) = seen.get(&*scalar.text) {
                found.push(problem::duplicate_key(&scalar.text, span, self.drafts.get(*first).span));
            } else {
                seen.insert(&scalar.text, *key);
            }
        }
        found.into_iter().for_each(|diagnostic| self.report(diagnostic));
    }

    fn alias(&mut self, anchor: usize, start: usize, end: usize) -> Result<(), Stop> {
        self.enter();
        self.cursor.at = end;
        let span = self.place.span(start, end);
        let Some(anchored) = self.anchors.get_mut(anchor.wrapping_sub(1)) else {
            self.unknown_alias(start);
            return Ok(());
        };
        anchored.anchor.uses += 1;
        let Some(target) = anchored.draft else {
            let diagnostic = problem::recursive_alias(&anchored.anchor, span);
            self.report(diagnostic);
            self.add_absent(start, end);
            return Ok(());
        };
        let (nodes, height) = (self.drafts.get(target).nodes, self.drafts.get(target).height);
        if self.stack.len() + height > self.limits.max_depth {
            self.report(problem::too_deep(span, self.limits.max_depth));
            return Err(STOP);
        }
        self.spend(nodes, span)?;
        let id = self.drafts.push(Draft { span, body: Body::Alias(target), nodes, height });
        self.add(id, 0);
        Ok(())
    }

    fn unknown_alias(&mut self, start: usize) {
        self.enter();
        self.cursor.at = start;
        let name = self.cursor.alias_name();
        let end = (start + 1 + name.len()).min(self.text.len());
        let names = self.anchors.iter().map(|anchored| anchored.anchor.name.as_str());
        let diagnostic = problem::unknown_alias(name, self.place.span(start, end), names);
        self.report(diagnostic);
        self.add_absent(start, end);
    }

    /// Stands for a node that could not be had, so that reading goes on.
    fn add_absent(&mut self, start: usize, end: usize) {
        self.cursor.at = end;
        let Node { kind, scalar, .. } = self.absent(start);
        let Some(scalar) = scalar else { return };
        let (span, body) = (self.place.span(start, end), Body::Scalar(kind, scalar));
        let id = self.drafts.push(Draft { span, body, nodes: SCALAR_COST, height: 0 });
        self.add(id, 0);
    }

    fn absent(&self, at: usize) -> Node {
        let span = self.place.span(at, at);
        let scalar = Scalar { text: "".into(), style: Style::Plain, content: span, pieces: None };
        Node { span, alias: None, kind: Kind::Null, scalar: Some(scalar) }
    }

    /// Notes the anchor before the cursor's node.
    fn anchor(&mut self, number: usize) {
        if number == 0 {
            return;
        }
        let (name, start, end) = self.cursor.find_anchor();
        let span = self.place.span(start, end);
        let anchor = Anchor { name: name.to_owned(), span, uses: 0 };
        self.anchors.push(Anchored { anchor, draft: None });
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, id: Id, anchor: usize) {
        if let Some(anchored) = self.anchors.get_mut(anchor.wrapping_sub(1)) {
            anchored.draft = Some(id);
        }
        match self.stack.last_mut() {
            Some(frame) => frame.items.push(id),
            None => self.root = Some(id),
        }
    }

    fn spend(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.max_nodes {
            self.report(problem::too_many_nodes(span, self.limits.max_nodes));
            return Err(STOP);
        }
        Ok(())
    }
}
