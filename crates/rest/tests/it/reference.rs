//! The reference page is what the route table says. `TRUNKLINE_UPDATE=1` writes it.

use std::path::Path;

use crate::fixture::Server;

#[tokio::test]
async fn the_reference_page_is_of_this_table() {
    let server = Server::start().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/rest-api.md");
    let page = server.api.reference();
    if std::env::var_os("TRUNKLINE_UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/reference/rest-api.md is of another table: run this test with TRUNKLINE_UPDATE=1");
}
