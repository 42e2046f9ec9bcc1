//! Literals: numbers, texts, templates, sums of texts, arrays, objects, JSX.
use super::{Lowering, site};
use crate::ir::{Constant, LocalId, Piece, Site, Value};
use crate::symbol::Symbol;
use crate::syntax::Node;
use crate::syntax::javascript::Kind;

/// A text in the making: literal parts next to each other become one.
#[derive(Default)]
struct Text {
    pieces: Vec<Piece>,
    pending: String,
}

impl Text {
    fn literal(&mut self, text: &str) {
        if text.contains('\\') {
            unescape(text, &mut self.pending);
        } else {
            self.pending.push_str(text);
        }
    }

    fn hole(&mut self, value: LocalId) {
        self.flush();
        self.pieces.push(Piece::Hole(value));
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.pieces.push(Piece::Text(Symbol::new(&self.pending)));
            self.pending.clear();
        }
    }

    fn finish(mut self) -> Value {
        if self.pieces.is_empty() {
            return Value::Constant(Constant::Text(Symbol::new(&self.pending)));
        }
        self.flush();
        Value::Text(self.pieces)
    }
}

impl<'tree> Lowering<'tree> {
    pub(super) fn constant_literal(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let constant = self.constant(node).unwrap_or(Constant::Null);
        self.put(into, Value::Constant(constant), site(node))
    }

    pub(super) fn number(&self, node: Node<'tree>) -> Constant {
        number(self.text(node))
    }

    /// The text between the quotes, escapes resolved.
    pub(super) fn string(&mut self, node: Node<'tree>) -> Symbol {
        let inner = node.start_byte() + 1..node.end_byte().saturating_sub(1);
        let text = self.source.slice(inner);
        if text.contains('\\') {
            let mut resolved = String::with_capacity(text.len());
            unescape(text, &mut resolved);
            return Symbol::new(&resolved);
        }
        *self.names.entry(text).or_insert_with(|| Symbol::new(text))
    }

    /// Whether a template has no holes.
    pub(super) fn is_plain(&mut self, node: Node<'tree>) -> bool {
        let parts = self.children(node);
        let mut parts = parts.iter();
        parts.all(|part| self.kind(*part) != Kind::TemplateSubstitution)
    }

    /// `` `select ${x}` ``
    pub(super) fn template(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let mut text = Text::default();
        self.add_template(node, &mut text);
        self.put(into, text.finish(), site(node))
    }

    /// The text of a template, and its holes.
    pub(super) fn template_parts(&mut self, node: Node<'tree>) -> (LocalId, Vec<LocalId>) {
        let mut text = Text::default();
        self.add_template(node, &mut text);
        let value = text.finish();
        let holes = match &value {
            Value::Text(pieces) => holes(pieces),
            _ => Vec::new(),
        };
        (self.put(None, value, site(node)), holes)
    }

    fn add_template(&mut self, node: Node<'tree>, text: &mut Text) {
        let mut start = node.start_byte() + 1;
        for child in self.children(node) {
            if self.kind(child) != Kind::TemplateSubstitution {
                continue;
            }
            text.literal(self.source.slice(start..child.start_byte()));
            start = child.end_byte();
            if let Some(hole) = self.first(child) {
                let hole = self.expression(hole, None);
                text.hole(hole);
            }
        }
        let end = node.end_byte().saturating_sub(1);
        text.literal(self.source.slice(start..end.max(start)));
    }

    /// `a + b + c`: a text, unless numbers alone are written in it.
    pub(super) fn sum(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let value = self.sum_of(node, None);
        self.put(into, value, site(node))
    }

    /// The new value of `x += right`.
    pub(super) fn appended(
        &mut self,
        current: LocalId,
        right: Node<'tree>,
        place: Site,
    ) -> LocalId {
        let right = self.bare(right);
        let value = self.sum_of(right, Some(current));
        self.put(None, value, place)
    }

    fn sum_of(&mut self, node: Node<'tree>, first: Option<LocalId>) -> Value {
        let operands = self.operands(node, "+");
        let (mut is_text, mut is_number) = (false, false);
        for operand in &operands {
            let operand = self.bare(*operand);
            is_text |= matches!(self.kind(operand), Kind::String | Kind::TemplateString);
            is_number |= self.kind(operand) == Kind::Number;
        }
        // What is not known to be a number may be a text made of texts.
        if is_number && !is_text {
            let mut parts: Vec<_> = first.into_iter().collect();
            for operand in operands {
                parts.push(self.expression(operand, None));
            }
            return Value::Operation(parts);
        }
        let mut text = Text::default();
        if let Some(first) = first {
            text.hole(first);
        }
        for operand in operands {
            self.add_operand(operand, &mut text);
        }
        text.finish()
    }

    fn add_operand(&mut self, operand: Node<'tree>, text: &mut Text) {
        let inner = self.bare(operand);
        match self.kind(inner) {
            Kind::String => {
                let range = inner.start_byte() + 1..inner.end_byte().saturating_sub(1);
                text.literal(self.source.slice(range));
            }
            Kind::TemplateString => self.add_template(inner, text),
            _ => {
                let value = self.expression(operand, None);
                text.hole(value);
            }
        }
    }

    /// `[a, , ...b]`
    pub(super) fn array(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let mut parts = Vec::new();
        let mut is_hole = true;
        for child in self.tokens(node) {
            match self.kind(child) {
                Kind::CommaToken => {
                    if is_hole {
                        parts.push(self.null(None, site(child)));
                    }
                    is_hole = true;
                }
                _ if child.is_named() && !child.is_extra() => {
                    parts.push(self.expression(child, None));
                    is_hole = false;
                }
                _ => {}
            }
        }
        self.put(into, Value::Sequence(parts), site(node))
    }

    /// `{ a, b: 1, ["c"]: 2, d() {}, get e() {}, ...f }`
    pub(super) fn object(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let mut entries = Vec::new();
        for child in self.children(node) {
            entries.push(self.entry(child));
        }
        self.put(into, Value::Record(entries), site(node))
    }

    fn entry(&mut self, node: Node<'tree>) -> (Symbol, LocalId) {
        let fields = &self.grammar.fields;
        match self.kind(node) {
            Kind::Pair => {
                let key = node.child_by_field_id(fields.key);
                let key = key.map_or(Symbol::new(""), |key| self.key(key));
                let value = match node.child_by_field_id(fields.value) {
                    Some(value) => self.named(value, None, key),
                    None => self.null(None, site(node)),
                };
                (key, value)
            }
            Kind::ShorthandProperty => (self.symbol(node), self.name(node, None)),
            Kind::MethodDefinition => {
                let key = node.child_by_field_id(fields.name);
                let key = key.map_or(Symbol::new(""), |key| self.key(key));
                let method = self.method(node, key, None, Vec::new());
                (key, self.put(None, Value::Closure(method), site(node)))
            }
            _ => (Symbol::new(""), self.expression(node, None)),
        }
    }

    /// The name of a property; empty for a computed one, which is evaluated.
    pub(super) fn key(&mut self, node: Node<'tree>) -> Symbol {
        if let Some(name) = self.static_key(node) {
            return name;
        }
        self.computed_key(node);
        Symbol::new("")
    }

    /// The name of a property where it is constant.
    pub(super) fn static_key(&mut self, node: Node<'tree>) -> Option<Symbol> {
        match self.kind(node) {
            Kind::String => Some(self.string(node)),
            Kind::ComputedPropertyName => {
                let inner = self.first(node)?;
                match self.constant(inner) {
                    Some(Constant::Text(text)) => Some(text),
                    _ if self.is_well_known(inner) => Some(self.symbol(inner)),
                    _ => None,
                }
            }
            _ => Some(self.symbol(node)),
        }
    }

    /// The value of `[key]`.
    pub(super) fn computed_key(&mut self, node: Node<'tree>) -> LocalId {
        match self.first(node) {
            Some(inner) => self.expression(inner, None),
            None => self.null(None, site(node)),
        }
    }

    /// `Symbol.asyncDispose` and its like name a property as a constant does.
    pub(super) fn is_well_known(&self, node: Node<'tree>) -> bool {
        self.kind(node) == Kind::Member && self.text(node).starts_with("Symbol.")
    }

    /// JSX: what its attributes and children compute may be kept by whoever renders it.
    pub(super) fn jsx(&mut self, node: Node<'tree>, into: Option<LocalId>) -> LocalId {
        let mut parts = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::JsxOpeningElement => self.jsx_attributes(child, &mut parts),
                Kind::JsxExpression | Kind::JsxAttribute => self.jsx_value(child, &mut parts),
                Kind::JsxElement | Kind::JsxSelfClosingElement => {
                    parts.push(self.expression(child, None));
                }
                _ => {}
            }
        }
        self.put(into, Value::Opaque(parts), site(node))
    }

    fn jsx_attributes(&mut self, node: Node<'tree>, parts: &mut Vec<LocalId>) {
        for child in self.children(node) {
            if matches!(self.kind(child), Kind::JsxExpression | Kind::JsxAttribute) {
                self.jsx_value(child, parts);
            }
        }
    }

    /// `{x}`, `{...x}`, `name={x}`, `name=<b/>`; texts are of no interest.
    fn jsx_value(&mut self, node: Node<'tree>, parts: &mut Vec<LocalId>) {
        let Some(value) = self.children(node).pop() else {
            return;
        };
        match self.kind(value) {
            Kind::JsxExpression => {
                if let Some(inner) = self.first(value) {
                    parts.push(self.expression(inner, None));
                }
            }
            Kind::PropertyIdentifier | Kind::String => {}
            _ => parts.push(self.expression(value, None)),
        }
    }
}

fn holes(pieces: &[Piece]) -> Vec<LocalId> {
    let hole = |piece: &Piece| match piece {
        Piece::Hole(local) => Some(*local),
        Piece::Text(_) => None,
    };
    pieces.iter().filter_map(hole).collect()
}

/// `1_000`, `0xff`, `12n`, `1.5e3`
fn number(text: &str) -> Constant {
    let digits: String = text.chars().filter(|digit| *digit != '_').collect();
    let digits = digits.to_ascii_lowercase();
    let based = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, base)| Some((digits.strip_prefix(prefix)?, base)));
    let integer = match based {
        Some((digits, base)) => i64::from_str_radix(digits.trim_end_matches('n'), base).ok(),
        None => digits.trim_end_matches('n').parse().ok(),
    };
    match integer {
        Some(integer) => Constant::Integer(integer),
        None => Constant::Number(digits.parse().unwrap_or(f64::NAN)),
    }
}

/// Resolves the escapes of a text literal.
fn unescape(text: &str, out: &mut String) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some('0') => out.push('\0'),
            Some('x') => out.extend(hexadecimal(&mut characters, 2)),
            Some('u') if characters.next_if_eq(&'{').is_some() => {
                out.extend(hexadecimal(&mut characters, 6));
                characters.next_if_eq(&'}');
            }
            Some('u') => out.extend(hexadecimal(&mut characters, 4)),
            Some('\r') => {
                characters.next_if_eq(&'\n');
            }
            // A line continued on the next one.
            Some('\n' | '\u{2028}' | '\u{2029}') | None => {}
            Some(other) => out.push(other),
        }
    }
}

fn hexadecimal(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    most: u32,
) -> Option<char> {
    let mut value = 0;
    for _ in 0..most {
        let Some(digit) = characters.next_if(char::is_ascii_hexdigit) else {
            break;
        };
        value = value * 16 + digit.to_digit(16).unwrap_or(0);
    }
    char::from_u32(value)
}
