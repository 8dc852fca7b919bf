//! Pages for people: set-up, login, repositories, runs with their jobs and logs.

use axum::Router;

use crate::Server;

pub(crate) fn router(server: &Server) -> Router {
    Router::new().merge(server.health_routes())
}
