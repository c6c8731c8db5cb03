//! Puts a running server together: the public face, the management face, upkeep, and a graceful end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use engine::App;
use http_face::layers::{EdgeSettings, protect};
use http_face::listener::{Limits, Server};
use http_face::management::{Catalogue, Management, Metrics, Readiness};
use http_face::pressure::Pressure;
use http_face::tls::TlsHandle;
use http_face::{AppState, DemoHome, router};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;

mod commits;

/// The sockets a server answers on.
#[derive(Debug)]
pub struct Faces {
    /// Everybody.
    pub public: Vec<TcpListener>,
    /// Operators.
    pub management: Vec<TcpListener>,
    /// Certificate of the public face; `None` speaks plain HTTP.
    pub tls: Option<TlsHandle>,
}

/// What a server is made of.
#[derive(Debug)]
pub struct Wiring {
    /// Its settings.
    pub config: Config,
    /// Its use cases.
    pub app: Arc<App>,
    /// Its sockets.
    pub faces: Faces,
    /// The demo's front page.
    pub demo: Option<Arc<DemoHome>>,
    /// Another application in the same process: the demo's sample.
    pub beside: Option<(Router, TcpListener)>,
}

/// Serves until SIGTERM or SIGINT, then drains.
pub async fn run(wiring: Wiring) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let lame_duck = wiring.config.server.limits.lame_duck;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => lame_duck,
            // A person at a terminal does not wait for a load balancer.
            _ = interrupt.recv() => Duration::ZERO,
        }
    };
    serve(wiring, hangup, stop).await;
    Ok(())
}

/// Serves until `stop`: readiness goes first, then, after the time `stop` says, the listener; then requests in flight
/// finish, then upkeep writes what is left.
pub async fn serve(wiring: Wiring, hangup: Signal, stop: impl Future<Output = Duration>) {
    let Wiring {
        config,
        app,
        faces,
        demo,
        beside,
    } = wiring;
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    let counting = metrics.clone();
    app.observe(move |kind, outcome| counting.event(kind, outcome));
    let counting = metrics.clone();
    app.observe_passwords(move |event| counting.password(event));
    let counted = Arc::clone(&app);
    http_face::management::metrics::commits::register(&mut catalogue, move || commits::of(&counted.db));
    let counting = metrics.clone();
    app.observe_limits(move |limit| counting.limited(limit));
    let readiness = Readiness::default();
    let limits = config.server.listener_limits();
    let (leave, drain, end) = (
        CancellationToken::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let (servers, rest) = (TaskTracker::new(), TaskTracker::new());

    let state = AppState {
        app: Arc::clone(&app),
        demo,
        security: Arc::new(config.server.security()),
    };
    let public = protect(
        router(state.clone()),
        config.server.edge(),
        app.world.clone(),
        metrics.clone(),
        Some(state),
    );
    let pressure = Pressure::new(config.server.load.pressure(), &metrics);
    let public = Server::new(public, limits.clone(), metrics.clone())
        .with_pressure(pressure.clone())
        .on(faces.public)
        .with_tls(faces.tls.clone())
        .with_notice(leave.clone());
    servers.spawn(public.run(drain.clone()));
    if let Some((router, socket)) = beside {
        let router = protect(
            router,
            EdgeSettings::default(),
            app.world.clone(),
            metrics.clone(),
            None,
        );
        servers.spawn(
            Server::new(router, limits.clone(), metrics.clone())
                .on([socket])
                .with_notice(leave.clone())
                .run(drain.clone()),
        );
    }

    let probe = {
        let app = Arc::clone(&app);
        move || {
            let app = Arc::clone(&app);
            async move { app.db.ping().await.map_err(|cause| cause.to_string()) }
        }
    };
    let clock = {
        let app = Arc::clone(&app);
        move || std::future::ready(app.check_clock())
    };
    let shared = {
        let app = Arc::clone(&app);
        move || {
            let here = app.shared_is_here();
            std::future::ready(if here {
                Ok(())
            } else {
                Err("Redis does not answer: limits are halved and counted without it".to_owned())
            })
        }
    };
    let management = Management::new(catalogue, readiness.clone())
        .check("database", probe)
        .advise("clock", clock)
        .counting(metrics.clone())
        .advise("shared", shared)
        .token(config.server.management_token.clone())
        .router();
    let last = Limits {
        drain_timeout: LAST_QUESTIONS,
        ..limits
    };
    let telling = metrics.clone();
    rest.spawn(Arc::clone(&app).watch_clock(end.clone(), move |ahead| telling.clock_ahead(ahead)));
    rest.spawn(pressure.watch(end.clone()));
    rest.spawn(keep_certificate(faces.tls, hangup, metrics.clone(), end.clone()));
    rest.spawn(
        Server::new(management, last, metrics)
            .on(faces.management)
            .run(end.clone()),
    );
    rest.spawn(Arc::clone(&app).run_upkeep(end.clone()));

    let notice = stop.await;
    tracing::info!(?notice, "stopping: not ready from now on");
    readiness.drain();
    leave.cancel();
    tokio::time::sleep(notice).await;
    tracing::info!("no new connections, requests in flight finish");
    drain.cancel();
    servers.close();
    servers.wait().await;
    end.cancel();
    rest.close();
    rest.wait().await;
    app.db.close().await;
}

/// Time for questions of operators when everything else has ended; who rests on a connection is not waited for.
const LAST_QUESTIONS: Duration = Duration::from_millis(100);

/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// Takes a new certificate into use when its files have changed, or on SIGHUP. Without TLS the signal means nothing, and
/// does not end the process either.
async fn keep_certificate(
    tls: Option<TlsHandle>,
    mut hangup: Signal,
    metrics: Metrics,
    end: CancellationToken,
) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        let asked = tokio::select! {
            () = end.cancelled() => return,
            _ = hangup.recv() => true,
            _ = look.tick() => false,
        };
        if let Some(tls) = tls.clone() {
            let metrics = metrics.clone();
            // Reading files blocks.
            let outcome = tokio::task::spawn_blocking(move || tls.refresh(asked, &metrics)).await;
            if let Err(error) = outcome {
                tracing::error!(%error, "the certificate could not be looked at");
            }
        }
    }
}
