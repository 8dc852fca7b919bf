//! A job's `environment`.

use expr::{Context, Value};
use workflow::{Template, TemplateKind};

use crate::effect::{EnvironmentRef, Why};
use crate::value::{boolean, evaluated, evaluated_boolean, failed, text};

pub(crate) fn environment(template: &Template, context: &dyn Context) -> Result<Option<EnvironmentRef>, Why> {
    let (name, url, deployment) = match &template.kind {
        // `url` is kept as a template: it sees the steps, which have not run.
        TemplateKind::Mapping(_) => (
            evaluated(template.get("name"), context)?.unwrap_or(Value::Null),
            template.get("url").cloned(),
            evaluated_boolean(template.get("deployment"), "deployment", context)?.unwrap_or(true),
        ),
        _ => match template.evaluate(context).map_err(failed)? {
            // `environment: ${{ fromJSON(…) }}` may give the whole mapping.
            Value::Object(object) => (
                object.get("name").cloned().unwrap_or(Value::Null),
                object.get("url").map(|url| Template { span: template.span, kind: TemplateKind::Literal(url.clone()) }),
                object.get("deployment").map_or(Ok(true), |value| boolean(value, "deployment", template.span))?,
            ),
            name => (name, None, true),
        },
    };
    let name = text(&name, "environment", template.span)?;
    // An empty name means no environment, as `environment: ${{ condition && 'x' || '' }}` is used.
    Ok((!name.is_empty()).then_some(EnvironmentRef { name, url, deployment }))
}
