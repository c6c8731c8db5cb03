//! What tests stand on: private servers that leave nothing behind.

#[cfg(feature = "app")]
pub mod app;
mod backend;
#[cfg(feature = "app")]
pub mod browser;
mod cluster;
#[cfg(feature = "grow")]
pub mod grow;
pub mod postgres;
pub mod process;
pub mod rank;
pub mod redis;
#[cfg(feature = "app")]
pub mod smtp;
#[cfg(feature = "app")]
pub mod watch;
mod wire;
pub mod world;

pub use backend::{Backend, Place, Store};
pub use world::{seeded_world, test_world};
