//! Which package may depend on which, held over `cargo metadata --no-deps`.

use serde_json::Value;

use super::Finding;

/// A room of the house and the rooms it may use.
struct Room {
    package: &'static str,
    uses: &'static [&'static str],
}

const ROOMS: &[Room] = &[
    Room {
        package: "rsp-domain",
        uses: &[],
    },
    Room {
        package: "rsp-protocol",
        uses: &["rsp-domain"],
    },
    Room {
        package: "rsp-policy",
        uses: &["rsp-domain"],
    },
    Room {
        package: "rsp-storage",
        uses: &["rsp-domain"],
    },
    Room {
        package: "rsp-engine",
        uses: &["rsp-domain", "rsp-protocol", "rsp-storage"],
    },
    Room {
        package: "rsp-http",
        uses: &["rsp-domain", "rsp-protocol", "rsp-engine"],
    },
    Room {
        package: "rsp-server",
        uses: &[
            "rsp-domain",
            "rsp-protocol",
            "rsp-policy",
            "rsp-storage",
            "rsp-engine",
            "rsp-http",
        ],
    },
    Room {
        package: "rsp-testkit",
        uses: &[
            "rsp-domain",
            "rsp-protocol",
            "rsp-storage",
            "rsp-engine",
            "rsp-http",
        ],
    },
    // Measuring programs; the libraries that check tokens and decide are measured in process.
    Room {
        package: "rsp-bench",
        uses: &["rsp-domain", "rsp-protocol", "rsp-policy"],
    },
    // Parsers alone; what they are fed with comes from outside.
    Room {
        package: "rsp-fuzz",
        uses: &["rsp-domain", "rsp-protocol"],
    },
    // Drills run the product from outside and look into its database with its own code.
    Room {
        package: "rsp-drills",
        uses: &[
            "rsp-domain",
            "rsp-storage",
            "rsp-engine",
            "rsp-server",
            "rsp-testkit",
        ],
    },
    // Developer commands must build on a machine where nothing else does.
    Room {
        package: "xtask",
        uses: &[],
    },
];

/// A library that only some rooms may name, so that the rest of the house cannot come to rely on it.
struct Wrapped {
    library: &'static str,
    by: &'static [&'static str],
}

const WRAPPED: &[Wrapped] = &[
    Wrapped {
        library: "axum",
        by: &["rsp-http", "rsp-server", "rsp-testkit", "rsp-bench"],
    },
    Wrapped {
        library: "axum-extra",
        by: &["rsp-http", "rsp-server"],
    },
    Wrapped {
        library: "cedar-policy",
        by: &["rsp-policy"],
    },
    Wrapped {
        library: "lettre",
        by: &["rsp-engine"],
    },
    Wrapped {
        library: "redis",
        by: &["rsp-storage"],
    },
    Wrapped {
        library: "sqlx",
        by: &["rsp-domain", "rsp-storage", "rsp-testkit"],
    },
];

/// Feature that makes the program fail where a drill wants it to.
const FAILPOINTS: &str = "failpoints";

/// Judges the document that `cargo metadata` prints.
pub fn check(metadata: &Value) -> Vec<Finding> {
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Value) -> Vec<Finding> {
    let name = text(package, "name");
    let manifest = format!("manifest of {name}");
    let Some(room) = ROOMS.iter().find(|room| room.package == name) else {
        return vec![Finding::new(
            &manifest,
            0,
            "has no row in xtask/src/rules/edges.rs: say what it may use",
        )];
    };
    let dependencies = package
        .get("dependencies")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let refusals = dependencies
        .iter()
        .filter_map(|dependency| refusal(room, dependency));
    refusals
        .chain(failpoint_refusals(package))
        .map(|text| Finding::new(&manifest, 0, text))
        .collect()
}

/// Only the feature of that name may lead to the feature `failpoints`: who builds the product does not get it.
fn failpoint_refusals(package: &Value) -> Vec<String> {
    let leads = |words: &Value| {
        let words = words.as_array().map_or(&[][..], Vec::as_slice);
        let named = |word: &Value| {
            let name = word.as_str().unwrap_or_default();
            name == FAILPOINTS || name.ends_with(&format!("/{FAILPOINTS}"))
        };
        words.iter().any(named)
    };
    let features = package.get("features").and_then(Value::as_object);
    let by_feature = features
        .into_iter()
        .flatten()
        .filter(|(name, words)| *name != FAILPOINTS && leads(words))
        .map(|(name, _)| format!("feature {name} may not turn on {FAILPOINTS}: only a drill asks for it"));
    let dependencies = package.get("dependencies").and_then(Value::as_array);
    let by_dependency = dependencies
        .into_iter()
        .flatten()
        .filter(|dependency| dependency.get("features").is_some_and(leads))
        .map(|dependency| {
            let name = text(dependency, "name");
            format!("may not use {name} with {FAILPOINTS}: only a drill asks for it")
        });
    by_feature.chain(by_dependency).collect()
}

fn refusal(room: &Room, dependency: &Value) -> Option<String> {
    let name = text(dependency, "name");
    let is_for_tests = text(dependency, "kind") == "dev";
    let is_our_own = dependency.get("path").is_some_and(Value::is_string);
    if is_our_own {
        // Tests look into every room below their own, and stand on the testkit.
        let is_allowed =
            room.uses.contains(&name) || (is_for_tests && (name == "rsp-testkit" || is_below(room, name)));
        return (!is_allowed).then(|| format!("may not use {name}: dependencies point one way only"));
    }
    let wrapped = WRAPPED.iter().find(|wrapped| wrapped.library == name)?;
    (!wrapped.by.contains(&room.package))
        .then(|| format!("may not use {name}: only {} may", wrapped.by.join(", ")))
}

fn is_below(room: &Room, name: &str) -> bool {
    let below = ROOMS.iter().filter(|other| room.uses.contains(&other.package));
    room.uses.contains(&name) || below.into_iter().any(|other| is_below(other, name))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
