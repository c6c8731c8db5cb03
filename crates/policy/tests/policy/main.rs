//! Policies: semantics, equality with the engine alone, bad input, explanations, tests of policies.

#[cfg(test)]
mod app;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod digest;
#[cfg(test)]
mod equal;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod semantics;
#[cfg(test)]
mod world;
