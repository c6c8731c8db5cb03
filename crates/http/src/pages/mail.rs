//! Mails in words: text and HTML from the same sentences, in the look of the tenant. No pictures and nothing remote, so
//! nobody learns that a mail was opened; the only link is the one under the tenant's issuer.

use engine::mail::{Message, Rendered, Template};

use super::{Locale, Words};

/// The accent of a tenant that chose none.
const ACCENT: &str = "#0b6b74";

#[derive(askama::Template)]
#[template(path = "mail/letter.html")]
struct Letter<'a> {
    words: Words,
    tenant: &'a str,
    accent: &'a str,
    subject: &'a str,
    paragraphs: &'a [String],
    action: Option<(String, &'a str)>,
    facts: &'a [(String, String)],
    foot: &'a str,
}

/// Puts a mail into words.
pub fn mail(message: &Message<'_>) -> Rendered {
    let words = Words::new(Locale::matching(message.language).unwrap_or_default());
    let tenant = one_line(&message.tenant.tenant.name);
    let key = message.template.key();
    let say = |part: &str| words.with(&format!("mail-{key}-{part}"), "tenant", &tenant);
    let subject = one_line(&say("subject"));
    let mut paragraphs = vec![say("text")];
    if let Some(seconds) = message.link_lifetime {
        paragraphs.push(words.with("mail-link-works", "time", &words.lifetime(seconds)));
    }
    let mut facts = Vec::new();
    if matches!(message.template, Template::Notice(_)) {
        facts.push((words.t("mail-when"), words.when(message.at)));
        if let Some(device) = message.device {
            facts.push((words.t("mail-device"), device.to_owned()));
        }
        if let Some(moment) = message.not_before {
            facts.push((words.t("mail-not-before"), words.when(moment)));
        }
    }
    let action = message.link.map(|link| (say("action"), link));
    let foot = words.t_args(
        "mail-foot",
        &[
            ("tenant", tenant.as_str().into()),
            ("issuer", message.tenant.issuer.as_str().into()),
        ],
    );
    let accent = message.tenant.tenant.settings.brand.accent.as_deref();
    let letter = Letter {
        words,
        tenant: &tenant,
        accent: accent.filter(|accent| is_hex(accent)).unwrap_or(ACCENT),
        subject: &subject,
        paragraphs: &paragraphs,
        action,
        facts: &facts,
        foot: &foot,
    };
    let text = letter.text();
    // Rendering fails only when a `Display` implementation does; strings do not.
    let html = askama::Template::render(&letter).unwrap_or_default();
    Rendered { subject, text, html }
}

impl Letter<'_> {
    fn text(&self) -> String {
        let mut parts = Vec::new();
        let mut paragraphs = self.paragraphs.iter();
        parts.extend(paragraphs.next().cloned());
        if !self.facts.is_empty() {
            let lines: Vec<String> = self
                .facts
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            parts.push(lines.join("\n"));
        }
        if let Some((label, link)) = &self.action {
            parts.push(format!("{label}:\n{link}"));
        }
        parts.extend(paragraphs.cloned());
        parts.push(format!("--\n{}", self.foot));
        parts.join("\n\n") + "\n"
    }
}

/// Older mail programs know no other form of a colour.
fn is_hex(accent: &str) -> bool {
    accent
        .strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
