//! The first account, login and logout.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::{NewAccount, NewSession, SESSION_COOKIE, local_path};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout;
use super::refusal::Refusal;
use super::visit::Visit;
use crate::Server;

#[derive(Deserialize)]
pub(super) struct SetUpLink {
    #[serde(default)]
    token: String,
}

#[derive(Deserialize)]
pub(super) struct SetUpForm {
    token: String,
    login: String,
    password: String,
    again: String,
}

pub(super) async fn set_up_page(
    State(server): State<Server>,
    Query(link): Query<SetUpLink>,
) -> Result<Response, Refusal> {
    if !server.identity().set_up_is_open(&link.token).await? {
        return Err(Refusal::Forbidden(
            "The link is not valid any more. Start the server again to get another one; once there is an account, log in."
                .to_owned(),
        ));
    }
    Ok(set_up_form(&link.token, "", None).into_response())
}

fn set_up_form(token: &str, login: &str, problem: Option<&str>) -> Markup {
    let body = html! {
        div.narrow {
            h1 { "Welcome" }
            p.soft { "This makes the first account. It administers the server." }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            form.stack method="post" action="/setup" {
                input type="hidden" name="token" value=(token);
                label { "Name" input name="login" value=(login) required autofocus autocomplete="username"; }
                label { "Password" input name="password" type="password" required minlength="10" autocomplete="new-password"; }
                label { "Password, again" input name="again" type="password" required autocomplete="new-password"; }
                button { "Make the account" }
            }
        }
    };
    layout::bare("Set up", &body)
}

pub(super) async fn set_up(visit: Visit, headers: HeaderMap, Form(form): Form<SetUpForm>) -> Result<Response, Refusal> {
    let again = |problem: &str| {
        (StatusCode::UNPROCESSABLE_ENTITY, set_up_form(&form.token, &form.login, Some(problem))).into_response()
    };
    if form.password != form.again {
        return Ok(again("The passwords differ."));
    }
    let account = NewAccount { login: &form.login, password: Some(&form.password), ..NewAccount::default() };
    match visit.server.identity().set_up(&form.token, &account).await {
        Ok(_) => {}
        Err(error @ (identity::Error::Invalid { .. } | identity::Error::Exists { .. })) => {
            return Ok(again(&error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    let session = visit.server.identity().login(&form.login, &form.password, &visit.from, agent(&headers)).await?;
    Ok(enter(&visit.server, &session, "/"))
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub(super) next: String,
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn login_page(visit: Visit, Query(next): Query<Next>) -> Response {
    if visit.login().is_some() {
        return to(local_path(&next.next)).into_response();
    }
    login_form(visit.server.provider().is_some(), "", &next.next, None).into_response()
}

/// `provider`: there is an identity provider to log in at.
pub(super) fn login_form(provider: bool, login: &str, next: &str, problem: Option<&str>) -> Markup {
    let body = html! {
        div.narrow {
            h1 { "Log in" }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            form.stack method="post" action="/login" {
                input type="hidden" name="next" value=(next);
                label { "Name" input name="login" value=(login) required autofocus autocomplete="username"; }
                label { "Password" input name="password" type="password" required autocomplete="current-password"; }
                button { "Log in" }
            }
            @if provider {
                // A link: a form may lead nowhere but here.
                p.or { "or" }
                a.button.quiet.wide href={ "/login/provider?next=" (super::refusal::encode(next)) } {
                    "Log in at the identity provider"
                }
            }
        }
    };
    layout::bare("Log in", &body)
}

pub(super) async fn login(visit: Visit, headers: HeaderMap, Form(form): Form<LoginForm>) -> Result<Response, Refusal> {
    let again = |status: StatusCode, problem: &str| {
        (status, login_form(visit.server.provider().is_some(), &form.login, &form.next, Some(problem))).into_response()
    };
    match visit.server.identity().login(&form.login, &form.password, &visit.from, agent(&headers)).await {
        Ok(session) => Ok(enter(&visit.server, &session, local_path(&form.next))),
        Err(identity::Error::BadCredentials { .. }) => {
            Ok(again(StatusCode::UNAUTHORIZED, "There is no such user, or the password is another one."))
        }
        Err(error @ identity::Error::Throttled { .. }) => Ok(again(StatusCode::TOO_MANY_REQUESTS, &error.to_string())),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub(super) struct Leave {
    #[serde(default)]
    csrf: String,
}

pub(super) async fn logout(visit: Visit, Form(form): Form<Leave>) -> Result<Response, Refusal> {
    visit.check_form(&form.csrf)?;
    visit.server.identity().logout(&visit.caller).await?;
    let gone = format!("{SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    Ok((StatusCode::SEE_OTHER, [(header::SET_COOKIE, gone), (header::LOCATION, "/login".to_owned())]).into_response())
}

pub(super) fn agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok())
}

fn to(place: &str) -> (StatusCode, [(header::HeaderName, String); 1]) {
    (StatusCode::SEE_OTHER, [(header::LOCATION, place.to_owned())])
}

pub(super) fn enter(server: &Server, session: &NewSession, place: &str) -> Response {
    let secure = if server.url().starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
        &*session.cookie, session.seconds
    );
    let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, place.to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}
