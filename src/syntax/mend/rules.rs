//! What is mended, each by one rule at the word or sign it begins with.
use super::scanner::{Scanner, Token, is_word_byte};
use crate::source::Language;
use memchr::memmem;

/// Keywords after which an expression begins, or that are no value themselves.
const NO_VALUES: &[&[u8]] = &[
    b"await",
    b"case",
    b"class",
    b"const",
    b"default",
    b"delete",
    b"do",
    b"else",
    b"export",
    b"extends",
    b"import",
    b"in",
    b"instanceof",
    b"let",
    b"new",
    b"of",
    b"return",
    b"throw",
    b"typeof",
    b"var",
    b"void",
    b"yield",
];

/// Keywords that cannot be a value before `as`.
const RESERVED: &[&[u8]] = &[
    b"break",
    b"case",
    b"catch",
    b"const",
    b"continue",
    b"debugger",
    b"delete",
    b"do",
    b"else",
    b"enum",
    b"export",
    b"extends",
    b"finally",
    b"for",
    b"function",
    b"if",
    b"import",
    b"in",
    b"instanceof",
    b"new",
    b"return",
    b"switch",
    b"throw",
    b"try",
    b"typeof",
    b"var",
    b"void",
    b"while",
    b"with",
    b"yield",
];

/// Keywords that are a value, and cannot be the name of an export in the grammar of JavaScript.
const VALUES: &[&[u8]] = &[b"false", b"null", b"super", b"this", b"true"];

const MODIFIERS: &[&[u8]] = &[
    b"abstract",
    b"declare",
    b"override",
    b"private",
    b"protected",
    b"public",
    b"readonly",
    b"static",
];

impl Scanner<'_> {
    /// Whether a token may end an expression or a type.
    pub(super) fn is_value(&self, token: Token) -> bool {
        match token {
            Token::Word(from, to) => !NO_VALUES.contains(&self.slice(from, to)),
            Token::String | Token::Literal | Token::Close(_) => true,
            Token::Start | Token::Sign(_) => false,
        }
    }

    /// A name or keyword.
    pub(super) fn word(&mut self, start: usize, end: usize) {
        // The name of a property says nothing.
        if self.before != Token::Sign(b'.') {
            match self.slice(start, end) {
                b"type" => self.export_type(start, end),
                b"accessor" => self.accessor(start, end),
                b"using" => self.using(start, end),
                b"with" | b"assert" => self.attributes(start, end),
                b"defer" => self.deferred(start, end),
                b"import" => self.imported_type(start, end),
                word if RESERVED.contains(&word) => self.reserved_name(start, end),
                word if VALUES.contains(&word) => self.reserved_alias(start, end),
                _ => {}
            }
        }
        self.advance(end, Token::Word(start, end));
    }

    fn is_typed(&self) -> bool {
        self.language != Language::JavaScript
    }

    /// `export type * from "x"`
    fn export_type(&mut self, start: usize, end: usize) {
        if self.is_word(self.before, b"export") && self.at(self.skip(end)) == b'*' {
            self.blank(start, end);
        }
    }

    /// `static accessor x = 1`
    fn accessor(&mut self, start: usize, end: usize) {
        let is_modified = MODIFIERS
            .iter()
            .any(|modifier| self.is_word(self.before, modifier));
        let next = self.at(self.skip(end));
        if is_modified && (is_word_byte(next) || matches!(next, b'[' | b'"' | b'\'')) {
            self.blank(start, end);
        }
    }

    /// `using x = f()`, `await using x = f()`, `for (using x of xs)`
    fn using(&mut self, start: usize, end: usize) {
        let name = self.skip(end);
        let is_same_line = !self.slice(end, name).contains(&b'\n');
        let name_end = self.word_end(name);
        let is_name = name_end > name && !matches!(self.slice(name, name_end), b"in" | b"as");
        if !self.is_typed() || !is_same_line || !is_name {
            return;
        }
        let next = self.skip(name_end);
        let is_declaration = match self.at(next) {
            b'=' => !matches!(self.at(next + 1), b'=' | b'>'),
            b':' | b'!' => true,
            b'o' => self.slice(next, self.word_end(next)) == b"of",
            _ => false,
        };
        if !is_declaration {
            return;
        }
        self.replace(start, b"const");
        if let Token::Word(from, to) = self.before
            && self.slice(from, to) == b"await"
        {
            self.blank(from, to);
        }
    }

    /// `export * from "x" with { type: "json" }`
    fn attributes(&mut self, start: usize, end: usize) {
        let open = self.skip(end);
        let is_import = self.before == Token::String && self.is_word(self.earlier, b"from");
        if !is_import || self.at(open) != b'{' {
            return;
        }
        let mut position = open;
        loop {
            position = match self.at(position) {
                quote @ (b'"' | b'\'') => match self.string_end(position, quote) {
                    Some(end) => end,
                    None => return,
                },
                b'}' => break,
                b';' | 0 => return,
                _ => position + 1,
            };
        }
        self.blank(start, position + 1);
    }

    /// `import defer * as x from "y"`
    fn deferred(&mut self, start: usize, end: usize) {
        if self.is_word(self.before, b"import") && self.at(self.skip(end)) == b'*' {
            self.blank(start, end);
        }
    }

    /// `import { delete as remove }`, `export { remove as delete }`: named by a keyword. The first letter in upper
    /// case makes a name of it.
    fn reserved_name(&mut self, start: usize, end: usize) {
        let next = self.skip(end);
        let is_first = matches!(self.before, Token::Sign(b'{' | b','))
            && self.slice(next, self.word_end(next)) == b"as";
        if is_first {
            let upper = self.at(start).to_ascii_uppercase();
            self.replace(start, &[upper]);
        } else {
            self.reserved_alias(start, end);
        }
    }

    /// `export { remove as delete }` in JavaScript; in TypeScript it is understood, and `as` is a cast as well.
    fn reserved_alias(&mut self, start: usize, end: usize) {
        let is_alias = self.is_word(self.before, b"as") && !self.is_typed();
        if is_alias && matches!(self.at(self.skip(end)), b',' | b'}') {
            let upper = self.at(start).to_ascii_uppercase();
            self.replace(start, &[upper]);
        }
    }

    /// `import("x").Type<T>` as a type: the grammar knows it without arguments only.
    fn imported_type(&mut self, start: usize, end: usize) {
        let is_type = match self.before {
            Token::Sign(sign) => {
                matches!(sign, b':' | b'|' | b'&' | b'<' | b',' | b'=' | b'(' | b'[')
            }
            Token::Word(from, to) => matches!(
                self.slice(from, to),
                b"extends" | b"typeof" | b"is" | b"as" | b"keyof" | b"readonly" | b"satisfies"
            ),
            _ => false,
        };
        if !self.is_typed() || !is_type {
            return;
        }
        let Some(path) = self.import_path(end) else {
            return;
        };
        let (mut name, mut name_end) = (path, self.word_end(path));
        while self.at(self.skip(name_end)) == b'.' {
            name = self.skip(self.skip(name_end) + 1);
            name_end = self.word_end(name);
            if name_end == name {
                return;
            }
        }
        let is_promise = matches!(self.slice(name, name_end), b"then" | b"catch" | b"finally");
        if matches!(self.at(name_end), b'<' | b'[') && !is_promise {
            self.blank(start, path);
        }
    }

    /// The position of `Type` in `("x").Type`.
    fn import_path(&self, from: usize) -> Option<usize> {
        let open = self.skip(from);
        let quote = self.skip(open + 1);
        let is_text = self.at(open) == b'(' && matches!(self.at(quote), b'"' | b'\'');
        let end = is_text.then(|| self.string_end(quote, self.at(quote)))??;
        let close = self.skip(end);
        let dot = self.skip(close + 1);
        let is_member = self.at(close) == b')' && self.at(dot) == b'.';
        let path = self.skip(dot + 1);
        (is_member && is_word_byte(self.at(path))).then_some(path)
    }

    /// `<`: type arguments, type parameters, a comparison, or an element.
    pub(super) fn angle(&mut self) {
        let start = self.position;
        let is_class = self.is_word(self.before, b"class");
        let follows_type = self.before == Token::Sign(b'>') || self.is_word(self.before, b"void");
        if is_class && self.is_typed() {
            self.variance(start);
        }
        if !self.is_value(self.before) && !follows_type {
            return self.element();
        }
        if self.is_typed() {
            let declares = [&b"interface"[..], b"class", b"type"]
                .iter()
                .any(|word| self.is_word(self.earlier, word));
            if declares {
                self.variance(start);
            } else if let Some(end) = self.type_list_end(start)
                && self.type_list(start, end)
            {
                self.position = end;
                return;
            }
        }
        self.advance(start + 1, Token::Sign(b'<'));
    }

    /// A list of types behind a value. Whether it was blanked out.
    fn type_list(&mut self, start: usize, end: usize) -> bool {
        let next = self.at(self.skip(end));
        let has_import = || memmem::find(self.slice(start, end), b"import(").is_some();
        if next == b'`' || (next == b'(' && has_import()) {
            self.blank(start, end);
            return true;
        }
        let is_indented = start
            .checked_sub(1)
            .is_some_and(|space| matches!(self.at(space), b' ' | b'\t'));
        if next == b'(' && is_indented && self.begins_line(start) {
            self.replace(start - 1, b";");
        }
        false
    }

    fn begins_line(&self, position: usize) -> bool {
        let mut before = position;
        while let Some(previous) = before.checked_sub(1) {
            match self.at(previous) {
                b'\n' => return self.language == Language::TypeScript,
                b' ' | b'\t' | b'\r' => before = previous,
                _ => return false,
            }
        }
        false
    }

    /// `interface Store<in Key, in out Value>`
    fn variance(&mut self, start: usize) {
        let Some(end) = self.type_list_end(start) else {
            return;
        };
        let (mut position, mut depth, mut begins) = (start, 0_usize, false);
        while position < end {
            match self.at(position) {
                b'<' | b'(' | b'[' | b'{' => {
                    depth += 1;
                    begins = depth == 1;
                    position += 1;
                }
                b'>' | b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    position += 1;
                }
                b'=' if self.at(position + 1) == b'>' => position += 2,
                b'/' => position = self.comment_end(position).unwrap_or(end),
                b'`' => position = self.template_type_end(position),
                quote @ (b'"' | b'\'') => {
                    position = self.string_end(position, quote).unwrap_or(end);
                }
                byte if is_word_byte(byte) => {
                    let word_end = self.word_end(position);
                    begins = begins && self.modifier(position, word_end);
                    position = word_end;
                }
                byte => {
                    begins = begins && byte.is_ascii_whitespace() || (byte == b',' && depth == 1);
                    position += 1;
                }
            }
        }
    }

    fn template_type_end(&self, start: usize) -> usize {
        let mut position = start + 1;
        while !matches!(self.at(position), b'`' | 0) {
            position += 1;
        }
        position + 1
    }

    /// `in`, `out` or `const` before the name of a type parameter. Whether it was one.
    fn modifier(&mut self, start: usize, end: usize) -> bool {
        let next = self.skip(end);
        let next = self.slice(next, self.word_end(next));
        if next.is_empty() || next == b"extends" {
            return false;
        }
        match self.slice(start, end) {
            b"in" | b"out" => {
                self.blank(start, end);
                true
            }
            word => word == b"const",
        }
    }
}
