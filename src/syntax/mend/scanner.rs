//! A scanner over the words of a TypeScript file: it knows where strings, comments, templates, regular
//! expressions and JSX are, and nothing else. What it finds is judged in `rules`.
use crate::source::Language;
use memchr::{memchr, memchr3, memmem};

/// Matching `<` with `>` looks at no more than this many bytes at a time.
const REACH: usize = 10_000;

/// What the scanner is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Code between braces: a block, an object, a hole of a template or of JSX.
    Braces,
    /// The text of a template.
    Template,
    /// The opening tag of an element.
    Tag,
    /// The children of an element.
    Children,
}

/// A word or sign of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The start of the file.
    Start,
    /// A name or keyword, by where it stands.
    Word(usize, usize),
    /// A string.
    String,
    /// Any other literal, or an element.
    Literal,
    /// A closing bracket.
    Close(u8),
    /// Any other sign.
    Sign(u8),
}

/// The scanner, and the copy of the text it mends.
pub(super) struct Scanner<'text> {
    bytes: &'text [u8],
    mended: Option<Vec<u8>>,
    pub(super) language: Language,
    pub(super) position: usize,
    modes: Vec<Mode>,
    /// The token before the position, and the ones before that.
    pub(super) before: Token,
    pub(super) earlier: Token,
    /// How many more bytes may be looked at for matching `<` with `>`.
    budget: usize,
}

impl<'text> Scanner<'text> {
    pub(super) fn new(text: &'text str, language: Language) -> Self {
        Self {
            bytes: text.as_bytes(),
            mended: None,
            language,
            position: 0,
            modes: Vec::new(),
            before: Token::Start,
            earlier: Token::Start,
            budget: text.len().saturating_mul(8).saturating_add(REACH),
        }
    }

    /// Scans the whole text. The mended bytes, where anything was to be mended.
    pub(super) fn run(mut self) -> Option<Vec<u8>> {
        while self.position < self.bytes.len() {
            match self.modes.last() {
                None | Some(Mode::Braces) => self.code(),
                Some(Mode::Template) => self.template(),
                Some(Mode::Tag) => self.tag(),
                Some(Mode::Children) => self.children(),
            }
        }
        self.mended
    }

    /// The byte at a position; 0 behind the end.
    pub(super) fn at(&self, position: usize) -> u8 {
        self.bytes.get(position).copied().unwrap_or(0)
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'text [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    fn rest(&self, from: usize) -> &'text [u8] {
        self.bytes.get(from..).unwrap_or_default()
    }

    /// Whether the token is this word.
    pub(super) fn is_word(&self, token: Token, word: &[u8]) -> bool {
        matches!(token, Token::Word(from, to) if self.slice(from, to) == word)
    }

    /// Replaces bytes; the text keeps its length.
    pub(super) fn replace(&mut self, from: usize, with: &[u8]) {
        let mended = self.mended.get_or_insert_with(|| self.bytes.to_vec());
        let target = mended.iter_mut().skip(from);
        for (byte, new) in target.zip(with) {
            *byte = *new;
        }
    }

    /// Replaces bytes by spaces; newlines stay.
    pub(super) fn blank(&mut self, from: usize, to: usize) {
        let mended = self.mended.get_or_insert_with(|| self.bytes.to_vec());
        for byte in mended.iter_mut().take(to).skip(from) {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }

    pub(super) fn advance(&mut self, to: usize, token: Token) {
        self.earlier = self.before;
        self.before = token;
        self.position = to;
    }

    /// One token of code.
    fn code(&mut self) {
        let start = self.position;
        match self.at(start) {
            byte if byte.is_ascii_whitespace() => self.position += 1,
            b'/' => self.slash(),
            quote @ (b'"' | b'\'') => {
                let end = self.string_end(start, quote).unwrap_or(start + 1);
                self.advance(end, Token::String);
            }
            b'`' => {
                self.modes.push(Mode::Template);
                self.position += 1;
            }
            b'{' => {
                self.modes.push(Mode::Braces);
                self.advance(start + 1, Token::Sign(b'{'));
            }
            b'}' => {
                self.modes.pop();
                self.advance(start + 1, Token::Close(b'}'));
            }
            b'<' => self.angle(),
            byte @ (b')' | b']') => self.advance(start + 1, Token::Close(byte)),
            b'=' if self.at(start + 1) == b'>' => self.advance(start + 2, Token::Sign(b'=')),
            byte if byte.is_ascii_digit() => {
                let end = self.word_end(start);
                self.advance(end, Token::Literal);
            }
            byte if is_word_byte(byte) => self.word(start, self.word_end(start)),
            byte => self.advance(start + 1, Token::Sign(byte)),
        }
    }

    pub(super) fn word_end(&self, start: usize) -> usize {
        let rest = self.rest(start);
        let length = rest.iter().position(|byte| !is_word_byte(*byte));
        start + length.unwrap_or(rest.len())
    }

    /// A comment, a regular expression or a division.
    fn slash(&mut self) {
        let start = self.position;
        if let Some(end) = self.comment_end(start) {
            self.position = end;
        } else if !self.is_value(self.before)
            && let Some(end) = self.regex_end(start)
        {
            self.advance(end, Token::Literal);
        } else {
            self.advance(start + 1, Token::Sign(b'/'));
        }
    }

    /// The end of the comment that begins here.
    pub(super) fn comment_end(&self, start: usize) -> Option<usize> {
        let end = self.bytes.len();
        match self.slice(start, start + 2) {
            b"//" => Some(memchr(b'\n', self.rest(start)).map_or(end, |length| start + length)),
            b"/*" => {
                let inner = self.rest(start + 2);
                Some(memmem::find(inner, b"*/").map_or(end, |length| start + length + 4))
            }
            _ => None,
        }
    }

    fn regex_end(&self, start: usize) -> Option<usize> {
        let (mut position, mut in_class) = (start + 1, false);
        loop {
            match self.at(position) {
                b'\\' => position += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => return Some(self.word_end(position + 1)),
                b'\n' | 0 => return None,
                _ => {}
            }
            position += 1;
        }
    }

    /// The end of the string that begins here, if it ends on its line.
    pub(super) fn string_end(&self, start: usize, quote: u8) -> Option<usize> {
        let mut position = start + 1;
        loop {
            match self.at(position) {
                b'\\' => position += 1,
                b'\n' => return None,
                byte if byte == quote => return Some(position + 1),
                0 if position >= self.bytes.len() => return None,
                _ => {}
            }
            position += 1;
        }
    }

    /// The text of a template, up to its end or its next hole.
    fn template(&mut self) {
        let start = self.position;
        let rest = self.rest(start);
        let Some(length) = memchr3(b'`', b'\\', b'$', rest) else {
            self.position = self.bytes.len();
            return;
        };
        let found = start + length;
        match (self.at(found), self.at(found + 1)) {
            (b'`', _) => {
                self.modes.pop();
                self.advance(found + 1, Token::Literal);
            }
            (b'\\', _) => self.position = found + 2,
            (_, b'{') => {
                self.modes.push(Mode::Braces);
                self.advance(found + 2, Token::Sign(b'{'));
            }
            _ => self.position = found + 1,
        }
    }

    /// The position of the next byte of code: behind spaces, newlines and comments.
    pub(super) fn skip(&self, from: usize) -> usize {
        let mut position = from;
        loop {
            let rest = self.rest(position);
            let spaces = rest.iter().position(|byte| !byte.is_ascii_whitespace());
            position += spaces.unwrap_or(rest.len());
            match self.comment_end(position) {
                Some(end) => position = end,
                None => return position,
            }
        }
    }

    /// Where the list of types or type parameters that begins with this `<` ends, if it is one.
    pub(super) fn type_list_end(&mut self, start: usize) -> Option<usize> {
        let (mut open, mut position) = (Vec::new(), start);
        let limit = start.saturating_add(REACH.min(self.budget));
        let mut end = None;
        while let Some(next) = self.type_token_end(position, &mut open) {
            position = next;
            if open.is_empty() {
                end = Some(position);
                break;
            }
            if position > limit {
                break;
            }
        }
        self.budget = self.budget.saturating_sub(position - start);
        end
    }

    /// The end of one token of a type; none where it cannot be part of one.
    fn type_token_end(&self, position: usize, open: &mut Vec<u8>) -> Option<usize> {
        let one = Some(position + 1);
        match self.at(position) {
            byte @ (b'<' | b'(' | b'[' | b'{') => {
                open.push(byte);
                one
            }
            byte @ (b'>' | b')' | b']' | b'}') => one.filter(|_| open.pop() == Some(opening(byte))),
            byte @ (b'"' | b'\'') => self.string_end(position, byte),
            b'`' => memchr(b'`', self.rest(position + 1)).map(|length| position + length + 2),
            b'/' => self.comment_end(position),
            b'=' if self.at(position + 1) == b'>' => Some(position + 2),
            byte @ (b'&' | b'|' | b'=') => one.filter(|_| self.at(position + 1) != byte),
            b';' => one.filter(|_| open.last() == Some(&b'{')),
            b',' | b'.' | b'?' | b':' | b'-' | b'+' => one,
            byte if is_word_byte(byte) => Some(self.word_end(position)),
            byte => one.filter(|_| byte.is_ascii_whitespace()),
        }
    }

    /// `<` where an expression may begin: JSX, where the language has it.
    pub(super) fn element(&mut self) {
        let start = self.position;
        let next = self.at(start + 1);
        let is_element = next == b'>' || next.is_ascii_alphabetic() || matches!(next, b'_' | b'$');
        if self.language == Language::TypeScript || !is_element || self.is_type_parameters(start) {
            self.advance(start + 1, Token::Sign(b'<'));
        } else {
            self.modes.push(Mode::Tag);
            self.position += 1;
        }
    }

    /// `<T,>(x) => ...`, `<T extends X>(x) => ...`, `<const T,>`; `<T>(` in a type.
    fn is_type_parameters(&self, start: usize) -> bool {
        let end = self.word_end(start + 1);
        let next = self.skip(end);
        let word = self.slice(start + 1, end);
        let is_short = word.len() == 1 && word.first().is_some_and(u8::is_ascii_uppercase);
        match self.at(next) {
            b',' => true,
            b'>' => is_short && self.at(next + 1) == b'(',
            b'e' => self.slice(next, self.word_end(next)) == b"extends",
            byte => word == b"const" && is_word_byte(byte),
        }
    }

    /// One token of an opening tag.
    fn tag(&mut self) {
        let start = self.position;
        match self.at(start) {
            quote @ (b'"' | b'\'') => {
                let length = memchr(quote, self.rest(start + 1));
                let end = length.map_or(self.bytes.len(), |length| start + length + 2);
                for (offset, byte) in self.slice(start, end).iter().enumerate() {
                    // Read as the start of an entity, whether or not it is one.
                    if *byte == b'&' {
                        self.replace(start + offset, b"_");
                    }
                }
                self.advance(end, Token::String);
            }
            b'{' => {
                self.modes.push(Mode::Braces);
                self.advance(start + 1, Token::Sign(b'{'));
            }
            b'/' if self.at(start + 1) == b'>' => {
                self.modes.pop();
                self.advance(start + 2, Token::Literal);
            }
            b'/' => self.position = self.comment_end(start).unwrap_or(start + 1),
            b'>' => {
                self.modes.pop();
                self.modes.push(Mode::Children);
                self.position += 1;
            }
            b'<' if self.before == Token::Sign(b'=') => {
                self.modes.push(Mode::Tag);
                self.advance(start + 1, Token::Sign(b'<'));
            }
            b'<' => self.position = self.type_list_end(start).unwrap_or(start + 1),
            byte if byte.is_ascii_whitespace() => self.position += 1,
            byte => self.advance(start + 1, Token::Sign(byte)),
        }
    }

    /// The children of an element, up to the next tag, hole or `&`, which need not begin an entity.
    fn children(&mut self) {
        let rest = self.rest(self.position);
        let Some(length) = memchr3(b'{', b'<', b'&', rest) else {
            self.position = self.bytes.len();
            return;
        };
        let found = self.position + length;
        if self.at(found) == b'{' {
            self.modes.push(Mode::Braces);
            self.advance(found + 1, Token::Sign(b'{'));
        } else if self.at(found) == b'&' {
            self.replace(found, b"_");
            self.position = found + 1;
        } else if self.at(found + 1) == b'/' {
            let length = memchr(b'>', self.rest(found));
            self.modes.pop();
            let end = length.map_or(self.bytes.len(), |length| found + length + 1);
            self.advance(end, Token::Literal);
        } else {
            self.modes.push(Mode::Tag);
            self.position = found + 1;
        }
    }
}

pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#') || byte >= 0x80
}

fn opening(closing: u8) -> u8 {
    match closing {
        b'>' => b'<',
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}
