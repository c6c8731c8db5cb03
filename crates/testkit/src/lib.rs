//! What tests stand on: private servers that leave nothing behind.

mod cluster;
pub mod postgres;
pub mod process;
pub mod redis;
mod wire;
