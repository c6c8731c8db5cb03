//! What the audit log tells from a moment on.

use std::collections::HashSet;

use domain::{EventId, EventKind};
use storage::audit::AuditRow;

use crate::app::TestApp;

/// The audit log from now on.
#[derive(Debug)]
pub struct Watch<'a> {
    app: &'a TestApp,
    slug: &'static str,
    seen: HashSet<EventId>,
}

impl<'a> Watch<'a> {
    /// The log of a tenant, read to its end.
    pub async fn on(app: &'a TestApp, slug: &'static str) -> Self {
        let mut this = Self {
            app,
            slug,
            seen: HashSet::new(),
        };
        this.news().await;
        this
    }

    /// Rows since the last look.
    pub async fn news(&mut self) -> Vec<AuditRow> {
        let mut rows = self.app.audit(self.slug).await;
        rows.retain(|row| self.seen.insert(row.id));
        rows
    }

    /// Kind and reason of the rows since the last look, sorted by name.
    pub async fn told(&mut self) -> Vec<(EventKind, String)> {
        let news = self.news().await;
        let mut told: Vec<_> = news
            .into_iter()
            .map(|row| (row.kind, row.reason.unwrap_or_default()))
            .collect();
        told.sort_by_key(|(kind, reason)| (kind.as_str(), reason.clone()));
        told
    }

    /// The one row since the last look.
    ///
    /// # Panics
    /// When there are more or none: that is a failed test.
    pub async fn only(&mut self) -> AuditRow {
        let mut news = self.news().await;
        assert_eq!(news.len(), 1, "{news:?}");
        news.remove(0)
    }
}
