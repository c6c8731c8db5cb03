//! The error page: what happened, why, what to do next; code and request id small below.

use super::{Words, link, page};

/// A refusal or failure shown to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The form came from another site, or its CSRF value was missing or wrong.
    CrossSite,
    /// A parameter was sent twice (RFC 6749 3.1).
    DuplicateParameter,
    /// Something broke here.
    Internal,
    /// The request is not a valid authorization request and no redirect URI can be trusted.
    InvalidRequest,
    /// The invitation was used or has ended.
    InviteEnded,
    /// A link of a mail was used, has ended, or is another browser's.
    LinkEnded,
    /// This address does not answer this method.
    MethodNotAllowed,
    /// Nothing lives at this address.
    NotFound,
    /// The redirect URI is not one of the client's.
    RedirectUri,
    /// The address, a header or the body was too large.
    TooLarge,
    /// There were too many requests from the same place.
    TooManyRequests,
    /// The request took too long to arrive.
    TooSlow,
    /// The database or another part is away.
    Unavailable,
    /// No such client, or it is disabled.
    UnknownClient,
    /// The body's content type is not accepted here.
    UnsupportedMediaType,
    /// The page was opened under a host name that is not the issuer's; `detail` names the right address.
    WrongHost,
}

impl Problem {
    /// Every problem, for tests over all texts.
    pub const ALL: [Self; 16] = [
        Self::CrossSite,
        Self::DuplicateParameter,
        Self::Internal,
        Self::InvalidRequest,
        Self::InviteEnded,
        Self::LinkEnded,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::RedirectUri,
        Self::TooLarge,
        Self::TooManyRequests,
        Self::TooSlow,
        Self::Unavailable,
        Self::UnknownClient,
        Self::UnsupportedMediaType,
        Self::WrongHost,
    ];

    /// What to tell a person about a refusal that is known by its status alone; `None` for those that always come with
    /// more.
    pub fn of_status(status: u16) -> Option<Self> {
        match status {
            404 => Some(Self::NotFound),
            405 => Some(Self::MethodNotAllowed),
            408 => Some(Self::TooSlow),
            413 | 414 | 431 => Some(Self::TooLarge),
            415 => Some(Self::UnsupportedMediaType),
            429 => Some(Self::TooManyRequests),
            500 => Some(Self::Internal),
            503 => Some(Self::Unavailable),
            _ => None,
        }
    }

    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Self::CrossSite => 403,
            Self::DuplicateParameter | Self::InvalidRequest | Self::RedirectUri | Self::UnknownClient => 400,
            Self::Internal => 500,
            Self::InviteEnded | Self::LinkEnded => 410,
            Self::MethodNotAllowed => 405,
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::TooManyRequests => 429,
            Self::TooSlow => 408,
            Self::Unavailable => 503,
            Self::UnsupportedMediaType => 415,
            Self::WrongHost => 421,
        }
    }

    /// The code under which the manual explains it; never reused.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "RSP-1001",
            Self::MethodNotAllowed => "RSP-1002",
            Self::TooLarge => "RSP-1003",
            Self::UnsupportedMediaType => "RSP-1004",
            Self::CrossSite => "RSP-1006",
            Self::WrongHost => "RSP-1007",
            Self::TooSlow => "RSP-1008",
            Self::TooManyRequests => "RSP-1009",
            Self::InvalidRequest => "RSP-1040",
            Self::UnknownClient => "RSP-1041",
            Self::RedirectUri => "RSP-1042",
            Self::DuplicateParameter => "RSP-1043",
            Self::InviteEnded => "RSP-1060",
            Self::LinkEnded => "RSP-1061",
            Self::Internal => "RSP-1500",
            Self::Unavailable => "RSP-1503",
        }
    }

    /// The stem of its keys: `-title`, `-cause`, `-next` follow.
    pub fn key(self) -> &'static str {
        match self {
            Self::CrossSite => "problem-cross-site",
            Self::DuplicateParameter => "problem-duplicate-parameter",
            Self::Internal => "problem-internal",
            Self::InvalidRequest => "problem-invalid-request",
            Self::InviteEnded => "problem-invite-ended",
            Self::LinkEnded => "problem-link-ended",
            Self::MethodNotAllowed => "problem-method-not-allowed",
            Self::NotFound => "problem-not-found",
            Self::RedirectUri => "problem-redirect-uri",
            Self::TooLarge => "problem-too-large",
            Self::TooManyRequests => "problem-too-many-requests",
            Self::TooSlow => "problem-too-slow",
            Self::Unavailable => "problem-unavailable",
            Self::UnknownClient => "problem-unknown-client",
            Self::UnsupportedMediaType => "problem-unsupported-media-type",
            Self::WrongHost => "problem-wrong-host",
        }
    }
}

/// The error page; answer with [`Problem::status`].
#[derive(Clone, Debug)]
pub struct ErrorPage<'a> {
    /// What happened.
    pub problem: Problem,
    /// For whoever runs the application: the parameter, the address that was refused. Never a secret.
    pub detail: Option<&'a str>,
    /// Where to go instead, if there is such a place.
    pub next_url: Option<&'a str>,
}

impl ErrorPage<'_> {
    fn title(&self, words: &Words) -> String {
        words.t(&format!("{}-title", self.problem.key()))
    }

    fn cause(&self, words: &Words) -> String {
        words.t(&format!("{}-cause", self.problem.key()))
    }

    fn advice(&self, words: &Words) -> String {
        words.t(&format!("{}-next", self.problem.key()))
    }

    fn next(&self) -> Option<&str> {
        link::page(self.next_url)
    }
}

page!(ErrorPage, ErrorTemplate, "flow/error.html");
