//! `rsp demo`: an issuer with sample people and clients, and an application that uses it.

pub mod sample;
