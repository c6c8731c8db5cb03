//! How large what is compiled and asked may be.

/// Limits of a store and of a request. Nothing is read, parsed or walked beyond them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one source file.
    pub source_bytes: usize,
    /// Policies of a set, links of templates included.
    pub policies: usize,
    /// Templates of a set.
    pub templates: usize,
    /// Bytes of one policy.
    pub policy_bytes: usize,
    /// Operators, dots and `if`s of one policy: the depth of what has to be walked.
    pub policy_operators: usize,
    /// Brackets open at once, in a policy, a schema or JSON.
    pub nesting: usize,
    /// Entities of a store.
    pub entities: usize,
    /// Bytes of one entity.
    pub entity_bytes: usize,
    /// Ancestors of one entity.
    pub ancestors: usize,
    /// Problems that are told; the rest is only counted.
    pub problems: usize,
    /// Bytes of a name (`Type::"id"`) in a request.
    pub name_bytes: usize,
    /// Bytes of a request's context.
    pub context_bytes: usize,
    /// Entities that a request may bring along.
    pub request_entities: usize,
    /// Bytes of those together.
    pub request_entity_bytes: usize,
    /// Policies an explanation looks at, before it says that there are more.
    pub explained: usize,
    /// Cases of one file of policy tests.
    pub cases: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            source_bytes: 256 << 20,
            policies: 1_000_000,
            templates: 10_000,
            policy_bytes: 32 << 10,
            policy_operators: 500,
            nesting: 64,
            entities: 1_000_000,
            entity_bytes: 64 << 10,
            ancestors: 1_000,
            problems: 100,
            name_bytes: 1_024,
            context_bytes: 64 << 10,
            request_entities: 100,
            request_entity_bytes: 256 << 10,
            explained: 100,
            cases: 10_000,
        }
    }
}
