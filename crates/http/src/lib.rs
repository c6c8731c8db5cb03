//! The HTTP face: the public listener's routes, pages and edge, and the management listener.
//!
//! Handlers parse, call `engine`, and reply. They decide nothing.

mod account;
mod admin;
mod around;
mod assets;
mod caught;
mod ceremony;
mod console;
mod extract;
mod guard;
mod health;
mod home;
mod invite;
mod login;
mod oauth;
mod passkey_endpoints;
mod rate_limit;
mod recover;
mod reference;
mod reply;
mod router;
mod security;
mod state;
mod unrecorded;

pub mod client_ip;
pub mod layers;
pub mod listener;
pub mod management;
pub mod pages;
pub mod pressure;
pub mod tls;

pub use caught::MailCatcher;
pub use reference::routes_page;
pub use router::{Access, Route, router, table};
pub use security::SecurityContact;
pub use state::{AppState, DemoHome, DemoHomeClient};
