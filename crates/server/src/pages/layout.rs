//! What every page has.

use maud::{DOCTYPE, Markup, html};

use super::visit::Visit;

/// A page for a visitor.
pub(super) fn page(visit: &Visit, title: &str, way: &[(&str, String)], body: &Markup) -> Markup {
    let top = html! {
        header.top {
            nav aria-label="Where you are" {
                a.mark href="/" { (mark()) "Trunkline" }
                @for (text, href) in way {
                    span.slash { "/" }
                    a href=(href) { (text) }
                }
            }
            @match visit.login() {
                Some(login) => {
                    form.who method="post" action="/logout" {
                        span { (login) }
                        input type="hidden" name="csrf" value=(visit.csrf());
                        button.quiet { "Log out" }
                    }
                }
                None => a.who href="/login" { "Log in" },
            }
        }
    };
    let warned = visit.caller.is_site_admin() && visit.server.disk().is_full();
    let body = html! {
        @if warned { p.no-room role="alert" { "The server's disk is full: pushes, logs and artifacts are refused until there is room." } }
        (body)
    };
    whole(title, &top, &body)
}

/// A page for nobody in particular.
pub(super) fn bare(title: &str, body: &Markup) -> Markup {
    let top = html! { header.top { nav { a.mark href="/" { (mark()) "Trunkline" } } } };
    whole(title, &top, body)
}

fn whole(title: &str, top: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Trunkline" }
                link rel="stylesheet" href="/static/style.css";
                link rel="icon" href="/static/mark.svg" type="image/svg+xml";
                script src="/static/live.js" defer {}
            }
            body {
                (top)
                main { (body) }
            }
        }
    }
}

/// Two rails and a switch.
fn mark() -> Markup {
    html! {
        svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" {
            path d="M4 18V2M4 12c6 0 4-8 12-8" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" {}
        }
    }
}

/// The round sign of a status, with its word.
pub(super) fn sign(status: &str, conclusion: Option<&str>) -> Markup {
    let word = conclusion.unwrap_or(status);
    let shape = match word {
        "success" => "M4.5 8.2l2.4 2.4 4.6-5",
        "failure" => "M5 5l6 6M11 5l-6 6",
        "cancelled" => "M5 8h6",
        "skipped" => "M5 11l6-6",
        "waiting" | "action_required" => "M8 4.6V8l2.4 1.8",
        "in_progress" => "M8 3.2a4.8 4.8 0 0 1 4.8 4.8",
        _ => "M8 8h.01",
    };
    html! {
        span class={ "sign " (word) } title=(word.replace('_', " ")) {
            svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" {
                circle cx="8" cy="8" r="6.6" {}
                path d=(shape) {}
            }
            span.hidden { (word.replace('_', " ")) }
        }
    }
}
