//! Audit rows as one line of text each, so that a table of actions can be read.

use storage::audit::AuditRow;
use testkit::app::{Answer, TestApp};
use testkit::watch::Watch;

/// An application whose log is being read.
pub(crate) struct Story<'a> {
    app: &'a TestApp,
    watch: Watch<'a>,
    names: Vec<(String, &'static str)>,
}

impl<'a> Story<'a> {
    pub(crate) async fn of(app: &'a TestApp) -> Self {
        let mut names = Vec::new();
        for name in ["alice", "bob"] {
            let user = app.user("default", &format!("{name}@example.com")).await;
            names.push((user.id.to_string(), name));
        }
        Self {
            app,
            watch: Watch::on(app, "default").await,
            names,
        }
    }

    /// The rows since the last look are exactly these, in any order.
    pub(crate) async fn tells(&mut self, action: &str, expected: &[&str]) -> Vec<AuditRow> {
        let rows = self.watch.news().await;
        let mut lines: Vec<String> = rows.iter().map(|row| self.line(row)).collect();
        lines.sort();
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        expected.sort();
        assert_eq!(lines, expected, "{action}");
        for row in &rows {
            assert_eq!(row.count, 1, "{action}");
            assert!(row.request_id.is_some(), "{action}: {row:?}");
            assert_eq!(row.occurred_at, self.app.app.world.now(), "{action}");
        }
        rows
    }

    /// The same, all from the request that got this answer.
    pub(crate) async fn tells_of(&mut self, action: &str, answer: &Answer, expected: &[&str]) {
        let id = answer.header("x-request-id").to_owned();
        for row in self.tells(action, expected).await {
            assert_eq!(
                row.request_id.map(|id| id.to_string()).as_ref(),
                Some(&id),
                "{action}"
            );
            assert_eq!(row.network_kind.as_deref(), Some("public"), "{action}");
            assert!(row.address_mac.is_some() && row.network_mac.is_some(), "{action}");
            assert!(row.sealed.is_some() && row.seal_key.is_some(), "{action}");
        }
    }

    /// Looks away: what was told until now is not of interest.
    pub(crate) async fn skip(&mut self) {
        self.watch.news().await;
    }

    fn line(&self, row: &AuditRow) -> String {
        let name = |id: String| {
            let found = self.names.iter().find(|(known, _)| *known == id);
            found.map_or(id, |(_, name)| (*name).to_owned())
        };
        let by = match &row.actor_id {
            Some(id) => format!("{} {}", row.actor_kind, name(id.clone())),
            None => row.actor_kind.clone(),
        };
        let marks = [
            (row.session_id.is_some(), "session"),
            (row.grant_id.is_some(), "grant"),
        ];
        let mut words = vec![row.kind.as_str().to_owned(), row.outcome.as_str().to_owned()];
        words.extend(row.reason.clone());
        words.push(format!("by {by}:"));
        words.extend(row.user_id.map(|id| name(id.to_string())));
        words.extend(row.client_id.as_ref().map(ToString::to_string));
        words.extend(
            marks
                .into_iter()
                .filter(|(there, _)| *there)
                .map(|(_, word)| word.to_owned()),
        );
        words.extend(row.target_kind.clone());
        words.join(" ")
    }
}
