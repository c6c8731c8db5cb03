//! What is claimed of every parser of `protocol`, whatever it is fed with: `docs/fuzzing.md` tells how it is tried.
//!
//! A target takes bytes and asserts. It finds nothing by itself: the program `fuzz` feeds it with inputs that libFuzzer
//! makes, and an ordinary test feeds it with the corpus that is kept.

mod samples;
mod targets;

use std::path::{Path, PathBuf};

/// One parser, or several that read the same text.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line, and of its folder in `corpus`.
    pub name: &'static str,
    /// Panics if what is claimed of the parser does not hold for this input.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "authorize-request",
        run: targets::authorize_request::run,
    },
    Target {
        name: "cookies",
        run: targets::cookies::run,
    },
    Target {
        name: "form",
        run: targets::form::run,
    },
    Target {
        name: "json",
        run: targets::json::run,
    },
    Target {
        name: "jwk",
        run: targets::jwk::run,
    },
    Target {
        name: "jwt",
        run: targets::jwt::run,
    },
    Target {
        name: "redirect-uri",
        run: targets::redirect_uri::run,
    },
    Target {
        name: "scope",
        run: targets::scope::run,
    },
    Target {
        name: "token-request",
        run: targets::token_request::run,
    },
];

/// The target of this name.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}

/// The kept inputs: a folder for each target.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}
