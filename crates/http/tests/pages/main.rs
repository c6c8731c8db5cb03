//! The pages as strings: words, escaping, structure, looks, assets and headers.

#[cfg(test)]
mod language;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod markup;
#[cfg(test)]
mod safety;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod structure;
