//! String literals: escapes resolved, interpolations as holes, adjacent literals joined.
use super::operators::Operand;
use super::{Lowering, kind, site};
use crate::ir::{Constant, LocalId, Piece, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::python::{Field, Kind, child};
use std::borrow::Cow;
use std::str::Chars;

/// Text under construction.
#[derive(Default)]
struct Pieces<'t> {
    done: Vec<Piece>,
    text: Cow<'t, str>,
}

impl<'t> Pieces<'t> {
    fn push(&mut self, text: Cow<'t, str>) {
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.to_mut().push_str(&text);
        }
    }

    fn hole(&mut self, local: LocalId) {
        self.end_text();
        self.done.push(Piece::Hole(local));
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Piece::Text(Symbol::new(&self.text)));
            self.text = Cow::Borrowed("");
        }
    }

    fn finish(mut self) -> Value {
        if self.done.is_empty() {
            return Value::Constant(Constant::Text(Symbol::new(&self.text)));
        }
        self.end_text();
        Value::Text(self.done)
    }
}

impl<'t> Lowering<'t> {
    /// A string, or several in a row.
    pub(super) fn text_literal(&mut self, node: Node<'t>, wanted: Option<LocalId>) -> LocalId {
        let mut pieces = Pieces::default();
        self.add_text(node, &mut pieces);
        self.put(pieces.finish(), wanted, site(node))
    }

    /// The text of a literal without interpolations.
    pub(super) fn constant_text(&mut self, node: Node<'t>) -> Option<Constant> {
        if kind(node) == Kind::ConcatenatedString {
            let parts = self.parts(node);
            if parts.iter().any(|part| self.has_holes(*part)) {
                return None;
            }
        } else if self.has_holes(node) {
            return None;
        }
        let mut pieces = Pieces::default();
        self.add_text(node, &mut pieces);
        match pieces.finish() {
            Value::Constant(constant) => Some(constant),
            _ => None,
        }
    }

    pub(super) fn has_holes(&mut self, string: Node<'t>) -> bool {
        string
            .named_children(&mut self.cursor)
            .any(|part| kind(part) == Kind::Interpolation)
    }

    /// `a + "text"`: literals become pieces, whatever else is a hole.
    pub(super) fn joined_text(&mut self, operands: &[Operand<'t>]) -> Value {
        let mut pieces = Pieces::default();
        for operand in operands {
            match operand {
                Operand::Syntax(node)
                    if matches!(kind(*node), Kind::String | Kind::ConcatenatedString) =>
                {
                    self.add_text(*node, &mut pieces);
                }
                _ => pieces.hole(self.operand(*operand)),
            }
        }
        pieces.finish()
    }

    fn add_text(&mut self, node: Node<'t>, pieces: &mut Pieces<'t>) {
        if kind(node) == Kind::ConcatenatedString {
            for part in self.parts(node) {
                self.add_string(part, pieces);
            }
        } else {
            self.add_string(node, pieces);
        }
    }

    fn add_string(&mut self, node: Node<'t>, pieces: &mut Pieces<'t>) {
        let mut prefix = "";
        for part in self.parts(node) {
            match kind(part) {
                Kind::StringStart => prefix = self.text(part).trim_end_matches(['"', '\'']),
                Kind::StringContent => pieces.push(unescaped(self.text(part), prefix)),
                Kind::Interpolation => self.add_holes(part, pieces),
                _ => {}
            }
        }
    }

    /// `{value!r:>{width}}`
    fn add_holes(&mut self, node: Node<'t>, pieces: &mut Pieces<'t>) {
        self.nested(node, |lowering| {
            if let Some(expression) = child(node, Field::Expression) {
                let local = lowering.expression(expression);
                pieces.hole(local);
            }
            for part in lowering.parts(node) {
                if kind(part) != Kind::FormatSpecifier {
                    continue;
                }
                for inner in lowering.parts(part) {
                    let mut ignored = Pieces::default();
                    lowering.add_holes(inner, &mut ignored);
                }
            }
        });
    }
}

/// The text that a literal's content stands for.
fn unescaped<'t>(content: &'t str, prefix: &str) -> Cow<'t, str> {
    let has = |letter: char| prefix.contains([letter, letter.to_ascii_uppercase()]);
    let (resolves, is_format) = (!has('r') && content.contains('\\'), has('f') || has('t'));
    let doubles = is_format && content.contains(['{', '}']);
    if !resolves && !doubles {
        return Cow::Borrowed(content);
    }
    let mut out = String::with_capacity(content.len());
    let mut rest = content.chars();
    while let Some(sign) = rest.next() {
        if sign == '\\' && resolves {
            unescape(&mut rest, &mut out);
            continue;
        }
        out.push(sign);
        if doubles && matches!(sign, '{' | '}') && rest.clone().next() == Some(sign) {
            rest.next();
        }
    }
    Cow::Owned(out)
}

/// Resolves the escape behind a backslash; one that means nothing keeps its backslash.
fn unescape(rest: &mut Chars<'_>, out: &mut String) {
    let Some(sign) = rest.next() else {
        out.push('\\');
        return;
    };
    let resolved = match sign {
        '\n' => return,
        '\r' => {
            if rest.clone().next() == Some('\n') {
                rest.next();
            }
            return;
        }
        '\\' | '\'' | '"' => Some(sign),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        'x' => Some(digits(rest, 2, 16, 0)),
        'u' => Some(digits(rest, 4, 16, 0)),
        'U' => Some(digits(rest, 8, 16, 0)),
        '0'..='7' => Some(digits(rest, 2, 8, sign.to_digit(8).unwrap_or(0))),
        'N' => named_character(rest),
        _ => None,
    };
    if let Some(resolved) = resolved {
        out.push(resolved);
    } else {
        out.push('\\');
        out.push(sign);
    }
}

/// Up to so many digits, as a character; an octal one has its first digit already.
fn digits(rest: &mut Chars<'_>, most: u32, radix: u32, first: u32) -> char {
    let mut value = first;
    for _ in 0..most {
        let Some(digit) = rest.clone().next().and_then(|sign| sign.to_digit(radix)) else {
            break;
        };
        rest.next();
        value = value.wrapping_mul(radix).wrapping_add(digit);
    }
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `\N{name}`: some character; which one does not matter.
fn named_character(rest: &mut Chars<'_>) -> Option<char> {
    if rest.clone().next() != Some('{') {
        return None;
    }
    let _ = rest.by_ref().find(|sign| *sign == '}');
    Some(char::REPLACEMENT_CHARACTER)
}
