//! A Rust file as a flat list of tokens: no comments, no doc comments, every string literal with its text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Finding;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The end of a `(…)`, `[…]` or `{…}`.
    Close,
    /// Name or keyword.
    Ident(String),
    /// The start of a `(…)`, `[…]` or `{…}`, given by its opening character.
    Open(char),
    /// Number, character, byte or lifetime literal: of no interest here.
    Other,
    /// Punctuation.
    Punct(char),
    /// Text of a string literal.
    Text(String),
}

/// A token and its line, counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it starts.
    pub line: usize,
}

/// A Rust file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path relative to the workspace.
    pub path: String,
    /// Number of lines.
    pub lines: usize,
    /// All tokens in order.
    pub tokens: Vec<Token>,
}

impl Source {
    /// Reads a file's text; text that is not Rust is a finding.
    pub fn parse(path: &str, text: &str) -> Result<Self, Finding> {
        let stream: TokenStream = text
            .parse()
            .map_err(|error| Finding::new(path, 0, format!("cannot be read as Rust: {error}")))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Ok(Self {
            path: path.to_owned(),
            lines: text.lines().count(),
            tokens,
        })
    }

    /// Whether the file holds tests only.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/benches/")
    }

    /// Whether the file is part of a library or program, not of its tests or examples.
    pub fn is_in_src(&self) -> bool {
        self.path.contains("/src/")
    }

    /// Line of the first use of the name `name`.
    pub fn first_use(&self, name: &str) -> Option<usize> {
        let named = |kind: &Kind| matches!(kind, Kind::Ident(ident) if ident == name);
        self.tokens
            .iter()
            .find(|token| named(&token.kind))
            .map(|token| token.line)
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        let kind = match tree {
            TokenTree::Group(group) => {
                let open = match group.delimiter() {
                    Delimiter::Brace => '{',
                    Delimiter::Bracket => '[',
                    Delimiter::Parenthesis => '(',
                    Delimiter::None => ' ',
                };
                tokens.push(Token {
                    kind: Kind::Open(open),
                    line,
                });
                flatten(group.stream(), tokens);
                tokens.push(Token {
                    kind: Kind::Close,
                    line: group.span_close().start().line,
                });
                continue;
            }
            TokenTree::Ident(ident) => Kind::Ident(ident.to_string()),
            TokenTree::Literal(literal) => text_of(&literal.to_string()).map_or(Kind::Other, Kind::Text),
            // Documentation is prose, though it arrives as `#[doc = "…"]` or `#![doc = "…"]`.
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let is_inner = trees
                    .next_if(|next| matches!(next, TokenTree::Punct(next) if next.as_char() == '!'))
                    .is_some();
                if trees.next_if(is_documentation).is_some() {
                    continue;
                }
                tokens.push(Token {
                    kind: Kind::Punct('#'),
                    line,
                });
                if !is_inner {
                    continue;
                }
                Kind::Punct('!')
            }
            TokenTree::Punct(punct) => Kind::Punct(punct.as_char()),
        };
        tokens.push(Token { kind, line });
    }
}

fn is_documentation(tree: &TokenTree) -> bool {
    let TokenTree::Group(group) = tree else {
        return false;
    };
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == "doc")
}

/// The text between the quotes of a string literal, escapes left as they are; `None` for other literals.
fn text_of(literal: &str) -> Option<String> {
    let (prefix, rest) = literal.split_once('"')?;
    if !matches!(prefix.trim_end_matches('#'), "" | "r" | "b" | "br" | "c" | "cr") {
        return None;
    }
    let (text, _) = rest.rsplit_once('"')?;
    Some(text.to_owned())
}
