//! The tree as it stands in the file, aliases unexpanded. What an alias costs is known before
//! anything is copied, so a small file cannot become a large tree.

use span::{FileId, Span};

use crate::{Kind, Node, Scalar};

pub(crate) type Id = usize;

pub(crate) struct Draft {
    pub(crate) span: Span,
    pub(crate) body: Body,
    /// What it counts against the limit once expanded.
    pub(crate) nodes: usize,
    /// Collections within each other, itself included; 0 for a scalar.
    pub(crate) height: usize,
}

pub(crate) enum Body {
    Scalar(Kind, Scalar),
    Seq(Vec<Id>),
    /// Keys and values in turn.
    Map(Vec<Id>),
    /// The draft's span is the alias itself.
    Alias(Id),
}

#[derive(Default)]
pub(crate) struct Drafts {
    all: Vec<Draft>,
}

impl Drafts {
    pub(crate) fn push(&mut self, draft: Draft) -> Id {
        self.all.push(draft);
        self.all.len() - 1
    }

    pub(crate) fn get(&self, id: Id) -> &Draft {
        &self.all[id]
    }

    /// The node itself, through any aliases.
    fn target(&self, mut id: Id) -> &Draft {
        // An alias only ever refers to what was finished before it, so this ends.
        while let Body::Alias(target) = self.all[id].body {
            id = target;
        }
        &self.all[id]
    }

    /// The scalar, through any aliases.
    pub(crate) fn scalar(&self, id: Id) -> Option<&Scalar> {
        match &self.target(id).body {
            Body::Scalar(_, scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Copies a draft out as a tree. Depth and size were checked when the draft was made.
    pub(crate) fn expand(&self, id: Id, alias: Option<Span>) -> Node {
        let draft = &self.all[id];
        let (kind, scalar) = match &draft.body {
            Body::Alias(target) => return self.expand(*target, alias.or(Some(draft.span))),
            Body::Scalar(kind, scalar) => (kind.clone(), Some(scalar.clone())),
            Body::Seq(items) => {
                let items = items.iter().map(|item| self.expand(*item, alias));
                (Kind::Seq(items.collect()), None)
            }
            Body::Map(items) => {
                let entries = items.chunks_exact(2);
                let entries = entries.map(|e| (self.expand(e[0], alias), self.expand(e[1], alias)));
                (Kind::Map(entries.collect()), None)
            }
        };
        Node { span: draft.span, alias, kind, scalar }
    }
}

/// Counts once for a scalar, twice for a collection: its start and its end.
pub(crate) const SCALAR_COST: usize = 1;
pub(crate) const COLLECTION_COST: usize = 2;

/// A span of the parsed text, which may begin after a byte order mark.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) file: FileId,
    pub(crate) base: usize,
}

impl Place {
    pub(crate) fn span(self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.base + start, self.base + end)
    }
}
