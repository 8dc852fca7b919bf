//! New repositories.

use std::sync::Arc;

use forge::repositories::CreateRepository;
use serde_json::json;

use super::{id_of, payload};
use crate::graphql::args::Args;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out};
use crate::graphql::types::repository;

pub(super) async fn create(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let user = context.api.identity().allow_user(context.caller, "repo")?;
    let owner_id = match input.text("ownerId") {
        Some(text) => id_of(text, &["User", "Organization"])?.1,
        None => user.id,
    };
    context.api.identity().allow_create_repository(context.caller, owner_id).await?;
    let visibility = input.text("visibility").unwrap_or("PRIVATE").to_lowercase();
    let new = CreateRepository {
        name: input.required("name")?,
        description: input.text("description").unwrap_or_default(),
        homepage: input.text("homepageUrl").unwrap_or_default(),
        visibility: &visibility,
        settings: json!({ "has_issues": input.flag("hasIssuesEnabled").unwrap_or(true) }),
        ..CreateRepository::default()
    };
    let actor = context.actor()?;
    let made = context.api.forge().create_repository(context.caller, &actor, owner_id, &new).await?;
    Ok(payload("RepositoryPayload", &input, repository::node(context, Arc::new(made))))
}
