//! What tests stand on: private servers that leave nothing behind.

pub mod postgres;
pub mod process;
pub mod redis;
mod wire;
