//! Stages and trees that begin outside the file: images and named contexts.

use std::path::PathBuf;

use dockerfile::ignore::Ignore;
use image::{Platform, Reference};
use span::Span;

use super::{StageState, Translator};
use crate::Error;
use crate::graph::{CopyOp, CopySource, Layer, Op, Step, StepRef, Tree};
use crate::request::Context;

impl Translator<'_> {
    pub(super) async fn on_image(&mut self, name: &str, platform: &Platform, span: Span) -> Result<StageState, Error> {
        if let Some(context) = self.context_named(name) {
            return self.state_of(name, &context, platform, span).await;
        }
        let reference = Reference::parse(name).map_err(|error| self.at(span, error.to_string()))?;
        self.image(&reference, platform, span).await
    }

    pub(super) async fn on_context(
        &mut self,
        name: &str,
        platform: &Platform,
        span: Span,
    ) -> Result<StageState, Error> {
        match self.context_named(name) {
            Some(context) => self.state_of(name, &context, platform, span).await,
            None => Err(self.at(span, format!("there is no context named {name}"))),
        }
    }

    async fn image(&mut self, reference: &Reference, platform: &Platform, span: Span) -> Result<StageState, Error> {
        let found = self.images.resolve(reference, platform).await;
        let image = found.map_err(|error| self.at(span, error.to_string()))?;
        Ok(self.base(&reference.familiar(), &image, platform, span))
    }

    fn base(&mut self, name: &str, image: &image::Image, platform: &Platform, span: Span) -> StageState {
        let layers = image.layers.iter().zip(&image.diff_ids);
        let layers: Vec<Layer> =
            layers.map(|(descriptor, diff_id)| Layer { descriptor: descriptor.clone(), diff_id: *diff_id }).collect();
        let op = Op::Base { layers };
        let head = self.outer_step(op, &format!("FROM {name}"), platform, span);
        let actual = image.platform();
        let platform = if platform.fit(&actual).is_some() { platform.clone() } else { actual };
        StageState::of(image.config.clone(), Some(head), &platform, self.epoch)
    }

    /// A step that stands in no stage.
    fn outer_step(&mut self, op: Op, shown: &str, platform: &Platform, span: Span) -> StepRef {
        let name = format!("[internal] {shown}");
        let id = self.session.plan(&name, "", self.line(span));
        self.graph.add(Step {
            id,
            op,
            below: None,
            name,
            span: Some(span),
            platform: platform.clone(),
            fresh: false,
            shown: shown.to_owned(),
        })
    }

    async fn state_of(
        &mut self,
        name: &str,
        context: &Context,
        platform: &Platform,
        span: Span,
    ) -> Result<StageState, Error> {
        match context {
            Context::Image(reference) => self.image(reference, platform, span).await,
            Context::OciLayout { path, selector } => {
                let found = self.images.of_layout(path, selector.as_deref(), platform).await;
                let image = found.map_err(|error| self.at(span, error.to_string()))?;
                Ok(self.base(name, &image, platform, span))
            }
            Context::Stage(stage) => {
                let index = stage.parse().ok().filter(|index| *index < self.file.stages.len());
                let index = index.or_else(|| self.file.stage_named(stage).map(|stage| stage.index));
                match index.and_then(|index| self.states.get(&index)) {
                    Some(state) => Ok(state.inherit()),
                    None => {
                        Err(self
                            .at(span, format!("the context {name} is the stage {stage}, which does not come before")))
                    }
                }
            }
            _ => {
                // A directory as a base: its files are the image's.
                let tree = self.context_tree(name, context, platform, span).await?;
                let op = CopyOp {
                    sources: vec![CopySource::Paths { tree, pattern: "/".to_owned(), unpack: false }],
                    destination: PathBuf::from("/"),
                    into_directory: true,
                    owner: None,
                    mode: None,
                    link: false,
                    parents: false,
                    excludes: Ignore::default(),
                };
                let head = self.outer_step(Op::Copy(op), &format!("FROM {name}"), platform, span);
                let mut state = StageState::scratch(platform, self.epoch);
                state.head = Some(head);
                state.commit(format!("COPY {name} /"), true);
                Ok(state)
            }
        }
    }

    /// A named context as something to copy from.
    pub(super) async fn context_tree(
        &mut self,
        name: &str,
        context: &Context,
        platform: &Platform,
        span: Span,
    ) -> Result<Tree, Error> {
        if let Some(files) = self.named.get(name).or_else(|| self.named.get(&name.to_ascii_lowercase())) {
            return Ok(Tree::Context(files.clone()));
        }
        match context {
            Context::Image(_) | Context::OciLayout { .. } | Context::Stage(_) => {
                Ok(Tree::Step(Box::pin(self.state_of(name, context, platform, span)).await?.head))
            }
            _ => Err(self.at(span, format!("the context {name} could not be read"))),
        }
    }
}
