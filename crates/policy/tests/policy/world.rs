//! Random stores and requests: everything from one number, so that a case that fails can be had again.
//!
//! There is no schema, so that policies can fail in every way they can fail at all.

use policy::{Bounds, Input, Query, Snapshot, Source, Sources};

/// Numbers that look random (splitmix64).
#[derive(Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    fn is_one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let at = self.below(all.len() as u64);
        usize::try_from(at)
            .ok()
            .and_then(|at| all.get(at))
            .copied()
            .unwrap_or_default()
    }
}

const TYPES: [(&str, u64); 5] = [("User", 6), ("Team", 5), ("Doc", 6), ("Folder", 5), ("Action", 5)];

/// A name of one of the kinds; now and then one that no entity has.
fn uid(chance: &mut Chance, kinds: &[usize]) -> (String, String) {
    let at = usize::try_from(chance.below(kinds.len() as u64)).unwrap_or_default();
    let (kind, count) = kinds
        .get(at)
        .and_then(|kind| TYPES.get(*kind))
        .copied()
        .unwrap_or(TYPES[0]);
    let is_unknown = chance.is_one_in(8);
    let id = chance.below(count + u64::from(is_unknown));
    (kind.to_owned(), format!("{}{id}", kind.to_lowercase()))
}

fn written(chance: &mut Chance, kinds: &[usize]) -> String {
    let (kind, id) = uid(chance, kinds);
    format!("{kind}::\"{id}\"")
}

fn json(chance: &mut Chance, kinds: &[usize]) -> String {
    let (kind, id) = uid(chance, kinds);
    format!("{{\"__entity\": {{\"type\": \"{kind}\", \"id\": \"{id}\"}}}}")
}

const WHO: [usize; 2] = [0, 1];
const WHAT: [usize; 2] = [2, 3];
const ANY: [usize; 4] = [0, 1, 2, 3];

/// The text of a store.
pub(crate) fn sources(chance: &mut Chance, policies: u64) -> Sources {
    let mut text = String::new();
    let mut links = Vec::new();
    for number in 0..policies {
        let slots = if chance.is_one_in(5) {
            1 + chance.below(3)
        } else {
            0
        };
        text.push_str(&policy(chance, number, slots));
        for link in 0..if slots == 0 { 0 } else { chance.below(3) } {
            links.push(filled(chance, number, link, slots));
        }
    }
    Sources {
        schema: None,
        policies: vec![Source::new("random.cedar", text)],
        links: Some(Source::new("links.json", format!("[{}]", links.join(",")))),
        entities: Some(Source::new(
            "entities.json",
            format!("[{}]", entities(chance, None).join(",\n")),
        )),
    }
}

/// `slots`: 1 has one for the principal, 2 for the resource, 3 for both.
fn policy(chance: &mut Chance, number: u64, slots: u64) -> String {
    let effect = if chance.is_one_in(3) { "forbid" } else { "permit" };
    let principal = party(chance, "principal", &WHO, slots & 1 == 1);
    let resource = party(chance, "resource", &WHAT, slots & 2 == 2);
    let action = match chance.below(6) {
        0 => "action".to_owned(),
        1 => format!("action in {}", written(chance, &[4])),
        2 => {
            let many = if chance.is_one_in(8) { 20 } else { 3 };
            let list: Vec<String> = (0..chance.below(many)).map(|_| written(chance, &[4])).collect();
            format!("action in [{}]", list.join(", "))
        }
        _ => format!("action == {}", written(chance, &[4])),
    };
    let mut text = format!("@id(\"p{number}\")\n{effect}({principal}, {action}, {resource})");
    for _ in 0..chance.below(3) {
        let kind = if chance.is_one_in(3) { "unless" } else { "when" };
        text = format!("{text}\n{kind} {{ {} }}", expression(chance, 3));
    }
    text + ";\n"
}

fn party(chance: &mut Chance, name: &str, kinds: &[usize], is_slot: bool) -> String {
    let other = if is_slot {
        format!("?{name}")
    } else {
        written(chance, kinds)
    };
    let kind = TYPES
        .get(kinds.first().copied().unwrap_or_default())
        .map_or("User", |(kind, _)| kind);
    match chance.below(if is_slot { 3 } else { 6 }) {
        0 => format!("{name} == {other}"),
        1 | 4 => format!("{name} in {other}"),
        2 => format!("{name} is {kind} in {other}"),
        3 => format!("{name} is {kind}"),
        _ => name.to_owned(),
    }
}

fn filled(chance: &mut Chance, number: u64, link: u64, slots: u64) -> String {
    let mut values = Vec::new();
    if slots & 1 == 1 {
        values.push(format!("\"?principal\": {}", json(chance, &WHO)));
    }
    if slots & 2 == 2 {
        values.push(format!("\"?resource\": {}", json(chance, &WHAT)));
    }
    format!(
        "{{\"templateId\": \"p{number}\", \"newId\": \"p{number}-{link}\", \"values\": {{{}}}}}",
        values.join(", ")
    )
}

/// True or false, or an error: attributes that are missing, types that do not fit, numbers that overflow.
fn expression(chance: &mut Chance, depth: u64) -> String {
    if depth > 0 && chance.below(3) > 0 {
        let (left, right) = (expression(chance, depth - 1), expression(chance, depth - 1));
        return match chance.below(5) {
            0 | 1 => format!("({left} && {right})"),
            2 | 3 => format!("({left} || {right})"),
            _ if chance.is_one_in(2) => format!("!({left})"),
            _ => format!("(if {left} then {right} else {})", expression(chance, depth - 1)),
        };
    }
    let other = written(chance, &ANY);
    match chance.below(16) {
        0 => "resource.owner == principal".to_owned(),
        1 => "resource has owner && resource.owner.level > 2".to_owned(),
        2 => format!("principal.level >= {}", chance.below(5)),
        3 => "context.mfa".to_owned(),
        4 => "context has mfa && context.mfa".to_owned(),
        5 => "context.who in Team::\"team1\"".to_owned(),
        6 => format!("principal in {other}"),
        7 => format!("{other}.level == 1"),
        8 => "principal.level + 9223372036854775800 > 0".to_owned(),
        9 => "principal.name like \"*a*\"".to_owned(),
        10 => format!("[{other}, principal].contains(resource)"),
        11 => "context.ip.isInRange(ip(\"10.0.0.0/8\"))".to_owned(),
        12 => "decimal(\"1.5\").lessThan(decimal(context.amount))".to_owned(),
        13 => "resource.hasTag(\"state\") && resource.getTag(\"state\") == \"draft\"".to_owned(),
        14 => "resource.level".to_owned(),
        _ => chance
            .of(&[
                "true",
                "false",
                "principal is User",
                "resource.labels.containsAll([1])",
            ])
            .to_owned(),
    }
}

/// All entities, or some that a request brings along. What is in what goes down in numbers, so there is no cycle.
fn entities(chance: &mut Chance, brought: Option<u64>) -> Vec<String> {
    let mut all = Vec::new();
    for (number, (kind, count)) in TYPES.iter().enumerate() {
        for id in 0..*count {
            // A few are only spoken of.
            if brought.is_none() && chance.is_one_in(6) {
                continue;
            }
            let group = match number {
                0 => &[1][..],
                2 => &[3],
                _ => &[number],
            };
            let mut parents = Vec::new();
            for _ in 0..chance.below(3) {
                let (other, other_id) = uid(chance, group);
                let is_lower = other != *kind || other_id < format!("{}{id}", kind.to_lowercase());
                let parent = format!("{{\"type\": \"{other}\", \"id\": \"{other_id}\"}}");
                if is_lower && !parents.contains(&parent) {
                    parents.push(parent);
                }
            }
            let attributes = if *kind == "Action" {
                String::new()
            } else {
                attributes(chance)
            };
            all.push(format!(
                "{{\"uid\": {{\"type\": \"{kind}\", \"id\": \"{}{id}\"}}, \"attrs\": {{{attributes}}}, \"parents\": [{}], \"tags\": {{\"state\": \"{}\"}}}}",
                kind.to_lowercase(),
                parents.join(", "),
                chance.of(&["draft", "final"])
            ));
        }
    }
    match brought {
        None => all,
        Some(most) => {
            let mut some = Vec::new();
            for _ in 0..=chance.below(most) {
                let at = usize::try_from(chance.below(all.len() as u64)).unwrap_or_default();
                some.push(all.swap_remove(at));
            }
            some
        }
    }
}

fn attributes(chance: &mut Chance) -> String {
    let mut all = Vec::new();
    if chance.below(3) > 0 {
        all.push(format!("\"owner\": {}", json(chance, &[0])));
    }
    if chance.below(3) > 0 {
        all.push(format!(
            "\"level\": {}",
            chance.of(&["1", "2", "3", "50", "true", "\"high\""])
        ));
    }
    if chance.is_one_in(2) {
        all.push(format!("\"name\": \"{}\"", chance.of(&["anna", "bob"])));
    }
    if chance.is_one_in(2) {
        all.push(format!("\"labels\": [{}]", chance.of(&["", "1", "\"x\", 1"])));
    }
    all.join(", ")
}

/// A request; now and then with entities of its own.
pub(crate) fn request(chance: &mut Chance) -> Input {
    let mut context = Vec::new();
    if chance.is_one_in(2) {
        context.push(format!("\"mfa\": {}", chance.of(&["true", "false", "1"])));
    }
    if chance.is_one_in(2) {
        context.push(format!("\"who\": {}", json(chance, &WHO)));
    }
    if chance.is_one_in(2) {
        let address = chance.of(&["10.0.0.1", "192.0.2.1"]);
        context.push(format!(
            "\"ip\": {{\"__extn\": {{\"fn\": \"ip\", \"arg\": \"{address}\"}}}}"
        ));
    }
    if chance.is_one_in(3) {
        context.push(format!("\"amount\": \"{}\"", chance.of(&["1.0", "2.0", "much"])));
    }
    let entities = chance
        .is_one_in(6)
        .then(|| format!("[{}]", entities(chance, Some(3)).join(",")));
    let (is_odd_principal, is_odd_resource) = (chance.is_one_in(10), chance.is_one_in(10));
    Input {
        principal: written(chance, if is_odd_principal { &ANY } else { &WHO }),
        action: written(chance, &[4]),
        resource: written(chance, if is_odd_resource { &ANY } else { &WHAT }),
        context: Some(format!("{{{}}}", context.join(", "))),
        entities,
    }
}

/// What came of some cases.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) cases: u64,
    pub(crate) allowed: u64,
    /// At least one policy could not be evaluated.
    pub(crate) failed: u64,
    /// The index left out at least one policy.
    pub(crate) narrowed: u64,
    /// The request had entities of its own.
    pub(crate) layered: u64,
    /// The request was refused.
    pub(crate) refused: u64,
}

/// Compares decisions through the index with those of the engine alone, for one store; says what differs.
pub(crate) fn compare(seed: u64, requests: u64, count: &mut Count) -> Result<(), String> {
    let mut chance = Chance(seed);
    let most = if chance.is_one_in(4) { 120 } else { 40 };
    let policies = 1 + chance.below(most);
    let sources = sources(&mut chance, policies);
    let told = |what: &dyn std::fmt::Debug| format!("seed {seed}: {what:?}\n{sources:#?}");
    let store = Snapshot::compile(sources.clone(), &Bounds::default()).map_err(|problems| told(&problems))?;
    for _ in 0..requests {
        let input = request(&mut chance);
        count.cases += 1;
        let query: Query = match store.query(&input) {
            Ok(query) => query,
            Err(error) if error.field == "entities" => {
                count.refused += 1;
                continue;
            }
            Err(error) => return Err(told(&(error, input))),
        };
        let (ours, bare) = (store.decide_query(&query), store.decide_bare(&query));
        if ours != bare {
            return Err(told(&(input, ours, bare)));
        }
        let is_refused = ours.errors.iter().any(|error| error.policy.is_none());
        count.refused += u64::from(is_refused);
        count.allowed += u64::from(ours.is_allowed());
        count.failed += u64::from(!is_refused && !ours.errors.is_empty());
        count.narrowed += u64::from(store.candidate_count(&query) <= store.policy_count() / 2);
        count.layered += u64::from(!is_refused && input.entities.is_some());
    }
    Ok(())
}
