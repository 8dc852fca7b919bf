//! The root of an action file.

use std::sync::Arc;

use span::{Diagnostic, FileId};

use super::{Diagnostics, spanned, steps, template, text};
use crate::item::Item;
use crate::{Action, ActionInput, ActionOutput, CompositeRuns, DockerRuns, NodeRuns, Runs, Spanned, check, code};

pub(crate) fn action(file: FileId, root: &Item, out: &mut Diagnostics) -> Option<Action> {
    let entries = |key: &str| root.get(key).map(Item::entries).unwrap_or_default();
    let inputs: Vec<ActionInput> = entries("inputs")
        .iter()
        .filter_map(|entry| {
            let item = &entry.value;
            Some(ActionInput {
                name: entry.spanned_name()?,
                description: text(item, "description"),
                required: item.get("required").and_then(Item::bool).unwrap_or(false),
                default: template(item, "default"),
                deprecation_message: text(item, "deprecationMessage"),
            })
        })
        .collect();
    let outputs = entries("outputs").iter().filter_map(|entry| {
        let item = &entry.value;
        Some(ActionOutput {
            name: entry.spanned_name()?,
            description: text(item, "description"),
            value: template(item, "value"),
        })
    });
    let action = Action {
        file,
        name: spanned(root, "name"),
        description: spanned(root, "description"),
        outputs: outputs.collect(),
        inputs,
        runs: runs(root.get("runs")?, out)?,
    };
    check::action_contexts(root, &action, out);
    Some(action)
}

fn runs(item: &Item, out: &mut Diagnostics) -> Option<Runs> {
    let using = spanned(item, "using")?;
    let using: Spanned<Arc<str>> = Spanned { value: Arc::from(using.value.to_ascii_lowercase()), span: using.span };
    let condition = |key: &str| item.get(key).and_then(Item::condition);
    match using.value.as_ref() {
        "composite" => {
            let steps = steps::steps(item.get("steps")?, out);
            Some(Runs::Composite(CompositeRuns { span: item.span, steps }))
        }
        "docker" => {
            let image = spanned(item, "image")?;
            if image.value.as_ref() == "docker://" {
                out.push(Diagnostic::error(code::INVALID_CONTAINER, "the image has no name").at(image.span));
            }
            Some(Runs::Docker(DockerRuns {
                span: item.span,
                image,
                args: item.get("args").map(Item::items).unwrap_or_default().iter().map(Item::template).collect(),
                env: item.get("env").map(Item::named_templates).unwrap_or_default(),
                entrypoint: spanned(item, "entrypoint"),
                pre_entrypoint: spanned(item, "pre-entrypoint"),
                pre_if: condition("pre-if"),
                post_entrypoint: spanned(item, "post-entrypoint"),
                post_if: condition("post-if"),
            }))
        }
        _ => Some(Runs::Node(NodeRuns {
            using,
            main: spanned(item, "main")?,
            pre: spanned(item, "pre"),
            pre_if: condition("pre-if"),
            post: spanned(item, "post"),
            post_if: condition("post-if"),
        })),
    }
}
