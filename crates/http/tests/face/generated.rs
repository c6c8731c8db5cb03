//! The reference of routes is current.

#[test]
fn the_list_of_routes_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/generated/routes.md");
    let kept = std::fs::read_to_string(page).unwrap_or_default();
    assert_eq!(
        kept,
        http_face::routes_page(),
        "run `cargo run -p rsp-http --example routes-doc`"
    );
}
