//! Load generators: an HTTP/1.1 client that costs little, requests at a fixed rate whether or not answers come,
//! chains of refresh tokens, and sign-ins.

pub mod connection;
pub mod loops;
pub mod person;
pub mod refresh;
pub mod sign_in;
pub mod summary;
