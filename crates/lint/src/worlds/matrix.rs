//! What the legs of a matrix can have.

use workflow::{Job, Template, TemplateKey, TemplateKind};

use super::{Abstract, World};
use expr::Value;

/// The worlds of a job's steps: those of the workflow, with the values of the matrix.
pub(crate) fn with_matrix(worlds: &[World], job: &Job) -> Vec<World> {
    let values = values(job);
    let mut worlds = worlds.to_vec();
    for world in &mut worlds {
        for (key, value) in &values {
            world.set(&format!("matrix.{}", key.to_lowercase()), value.clone());
        }
    }
    worlds
}

/// Axes whose every value is a constant, unless an `include` that is not known could change them.
fn values(job: &Job) -> Vec<(String, Abstract)> {
    let matrix = job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
    let Some(Template { kind: TemplateKind::Mapping(entries), .. }) = matrix else { return Vec::new() };
    let mut included: Vec<(&str, Abstract)> = Vec::new();
    let mut axes: Vec<(&str, Vec<Abstract>)> = Vec::new();
    for entry in entries {
        let TemplateKey::Literal(name) = &entry.key else { return Vec::new() };
        match (&**name, &entry.value.kind) {
            ("exclude", _) => {}
            ("include", TemplateKind::Sequence(items)) => {
                for item in items {
                    let TemplateKind::Mapping(keys) = &item.kind else { return Vec::new() };
                    for key in keys {
                        let TemplateKey::Literal(name) = &key.key else { return Vec::new() };
                        included.push((name, constant(&key.value)));
                    }
                }
            }
            ("include", _) => return Vec::new(),
            (name, TemplateKind::Sequence(items)) => axes.push((name, items.iter().map(constant).collect())),
            _ => {}
        }
    }
    let with_included = axes.into_iter().map(|(name, mut values)| {
        values.extend(
            included.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()),
        );
        // An `include` that adds a leg of its own leaves out the axes that it does not name.
        if !included.is_empty() {
            values.push(Abstract::Known(Value::Null));
        }
        (name.to_owned(), Abstract::OneOf(values))
    });
    with_included.collect()
}

fn constant(template: &Template) -> Abstract {
    match &template.kind {
        TemplateKind::Literal(value) => Abstract::Known(value.clone()),
        _ => Abstract::Unknown,
    }
}
