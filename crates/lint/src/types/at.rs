//! For editors: what stands under the cursor.

use span::Span;

use super::{Surroundings, Type, infer};
use crate::document::Document;
use crate::project::Project;
use crate::walk;

/// A part of an expression and its type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeAt {
    pub span: Span,
    pub text: String,
    pub ty: Type,
}

/// The smallest part of an expression at a byte offset of a file. A name after a dot stands for the path up to it.
pub fn type_at(project: &Project, document: &Document, offset: usize) -> Option<TypeAt> {
    let mut best: Option<TypeAt> = None;
    walk::each_expression(project, document, &mut |subject| {
        let whole = subject.span();
        let inside = |span: Span| span.start as usize <= offset && offset <= span.end as usize;
        if !inside(whole) {
            return;
        }
        let surroundings = Surroundings { project, document, owner: subject.owner };
        for (range, ty) in infer(subject.expr, &surroundings).parts {
            let text = subject.expr.source().get(range.clone()).unwrap_or_default().to_owned();
            let span = subject.place(range);
            if inside(span) && best.as_ref().is_none_or(|best| span.len() < best.span.len()) {
                best = Some(TypeAt { span, text, ty });
            }
        }
    });
    best
}
