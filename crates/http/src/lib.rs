//! http

pub mod client_ip;
pub mod layers;
pub mod listener;
pub mod management;
pub mod tls;
pub mod pages;
