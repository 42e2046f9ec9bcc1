//! Bytes to text: byte-order marks, declared encodings, and what to do with bytes that are no UTF-8.
use crate::source::Language;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A decoded file.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// Length of the UTF-8 byte-order mark that was taken off.
    pub(super) bom: u32,
    /// Whether the bytes of the text are not those of the file.
    pub(super) transcoded: bool,
    /// Whether this is no text at all.
    pub(super) is_binary: bool,
    /// What the reader should know.
    pub(super) notice: Option<&'static str>,
}

/// Decodes a file. Python files may declare an encoding (PEP 263).
pub(super) fn decode(bytes: Vec<u8>, language: Option<Language>) -> Decoded {
    if let Some((encoding, length)) = Encoding::for_bom(&bytes) {
        if encoding == UTF_16LE || encoding == UTF_16BE {
            return utf16(encoding, bytes.get(length..).unwrap_or_default());
        }
        let rest = bytes.get(length..).unwrap_or_default().to_vec();
        let bom = u32::try_from(length).unwrap_or_default();
        return Decoded {
            bom,
            ..unmarked(rest, language)
        };
    }
    unmarked(bytes, language)
}

fn utf16(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, is_broken) = encoding.decode_without_bom_handling(bytes);
    Decoded {
        text: text.into_owned(),
        transcoded: true,
        notice: is_broken.then_some("has broken UTF-16, read with gaps; save it as UTF-8"),
        ..Decoded::default()
    }
}

fn unmarked(bytes: Vec<u8>, language: Option<Language>) -> Decoded {
    let start = bytes.get(..bytes.len().min(8000)).unwrap_or_default();
    let is_binary = memchr::memchr(0, start).is_some();
    match String::from_utf8(bytes) {
        Ok(text) => Decoded {
            text,
            is_binary,
            ..Decoded::default()
        },
        Err(error) => {
            let bytes = error.into_bytes();
            let is_python = language.is_some_and(Language::is_python);
            let declared = declared(&bytes).filter(|encoding| is_python && *encoding != UTF_8);
            let (text, _) = declared
                .unwrap_or(WINDOWS_1252)
                .decode_without_bom_handling(&bytes);
            let message = "is not UTF-8 and was read as Latin-1; save it as UTF-8";
            Decoded {
                text: text.into_owned(),
                transcoded: true,
                is_binary,
                notice: declared.is_none().then_some(message),
                ..Decoded::default()
            }
        }
    }
}

/// The encoding that a comment in the first two lines names, as PEP 263 has it: `# -*- coding: latin-1 -*-`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut lines = bytes.split(|byte| *byte == b'\n').take(2);
    lines.find_map(declared_in)
}

fn declared_in(line: &[u8]) -> Option<&'static Encoding> {
    let line = str::from_utf8(line).ok()?;
    let (_, after) = line.trim_start().strip_prefix('#')?.split_once("coding")?;
    let name = after.strip_prefix([':', '='])?.trim_start();
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter));
    let name = name
        .get(..end.unwrap_or(name.len()))?
        .replace('_', "-")
        .to_lowercase();
    let known = match name.as_str() {
        "latin-1" | "iso-latin-1" => "latin1",
        "cp932" | "shift-jis" | "sjis" => "shift_jis",
        "euc-jp" | "eucjp" => "euc-jp",
        "koi8-r" => "koi8-r",
        other => other,
    };
    Encoding::for_label(known.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(bytes: &[u8]) -> Decoded {
        decode(bytes.to_vec(), Some(Language::Python))
    }

    #[test]
    fn marks_come_off() {
        let text = python(b"\xef\xbb\xbfx = 1\r\n");
        assert_eq!(
            (text.text.as_str(), text.bom, text.transcoded),
            ("x = 1\r\n", 3, false)
        );
        let text = python(b"\xff\xfex\0 \0=\0 \0\xe9\0");
        assert_eq!(
            (text.text.as_str(), text.bom, text.transcoded),
            ("x = é", 0, true)
        );
        assert!(!text.is_binary);
        let text = python(b"\xfe\xff\0x\0=");
        assert_eq!(text.text, "x=");
    }

    #[test]
    fn declared_encodings_hold_for_python_only() {
        let source = b"#!/usr/bin/python\n# -*- coding: cp1251 -*-\nx = '\xcf'\n";
        let text = python(source);
        assert!(text.text.contains('П') && text.notice.is_none() && text.transcoded);
        let text = python(b"# vim: set fileencoding=latin_1 :\nx = '\xe9'\n");
        assert!(text.text.contains('é') && text.notice.is_none());
        let text = decode(source.to_vec(), Some(Language::TypeScript));
        assert!(text.text.contains('Ï') && text.notice.is_some());
    }

    #[test]
    fn stray_bytes_become_latin_1_with_a_notice() {
        let text = python(b"x = '\xe9\xff'\n");
        assert_eq!(text.text, "x = 'éÿ'\n");
        assert!(text.notice.is_some() && text.transcoded);
        let text = python(b"# coding: utf-8\nx = '\xe9'\n");
        assert!(text.text.contains('é') && text.notice.is_some());
    }

    #[test]
    fn video_is_not_typescript() {
        assert!(decode(b"G@\0\x10\0\0".to_vec(), Some(Language::TypeScript)).is_binary);
    }
}
