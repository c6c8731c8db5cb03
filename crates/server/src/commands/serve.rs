//! `rsp serve`

use anyhow::Context as _;
use http_face::listener::bind;
use http_face::tls::TlsHandle;

use super::{config, local};
use crate::cli::Global;
use crate::output::{ExitCode, Failure, say};
use crate::telemetry;
use crate::wiring::{self, Faces, Wiring};

/// Serves until a signal; refuses weak settings before anything is opened (CF1).
pub async fn run(global: &Global) -> Result<ExitCode, Failure> {
    let loaded = config::load_for_production(global)?;
    let config = loaded.config;
    telemetry::start(&config.log.level, config.log.format).context("cannot start the log")?;
    let tls = match config.server.tls.files() {
        Some(files) => Some(TlsHandle::load(files).context("cannot load the certificate")?),
        None => None,
    };
    let app = local::open_with(&config).await?;
    if app.tenants().is_empty() {
        return Err(Failure::refused(
            "this installation has no tenant yet: run `rsp init`",
        ));
    }
    let public = bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let management = bind(config.server.management_listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.server.management_listen))?;
    say(&format!(
        "serving {} on {}",
        config.issuer(),
        config.server.listen
    ));
    let faces = Faces {
        public,
        management,
        tls,
    };
    wiring::run(Wiring {
        config,
        app,
        faces,
        demo: None,
        beside: None,
    })
    .await?;
    Ok(ExitCode::Done)
}
