//! Writes the metrics reference to `docs/generated/metrics.md`.

use std::path::Path;

use http_face::management::metrics::commits;
use http_face::management::{Catalogue, Metrics};

fn main() -> std::io::Result<()> {
    let mut catalogue = Catalogue::default();
    Metrics::register(&mut catalogue);
    commits::register(&mut catalogue, commits::Commits::default);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/generated/metrics.md");
    if let Some(folder) = page.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(page, catalogue.markdown())
}
