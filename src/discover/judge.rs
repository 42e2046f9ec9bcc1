//! Whose code a file is: the project's own, its tests, a program's output, or somebody else's.
//!
//! Names are judged relative to the path that the command line gives: a project that itself lies in a folder
//! called `tests` is not test code.
use crate::source::Language;
use std::path::Path;

/// What a file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Written by the project's people.
    Own,
    /// Written by a program.
    Generated,
    /// Squeezed by a program.
    Minified,
}

const TEST_FOLDERS: &[&str] = &[
    "tests",
    "test",
    "testing",
    "__tests__",
    "__test__",
    "spec",
    "specs",
    "__mocks__",
    "__fixtures__",
    "__snapshots__",
    "fixtures",
    "e2e",
    "cypress",
    "playwright",
    "testdata",
];
const TEST_MARKS: &[&str] = &[
    "test", "tests", "spec", "e2e", "cy", "stories", "story", "mock", "fixture",
];
const VENDORED: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    "dist-packages",
    "__pypackages__",
    "third_party",
    "third-party",
    "thirdparty",
    "_vendor",
    "_vendored",
    "vendored",
    "__pycache__",
];
const GENERATED_ENDINGS: &[&str] = &[
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    "_pb2_grpc.pyi",
    "_pb.js",
    "_pb.ts",
    "_pb.d.ts",
    ".pb.ts",
    ".pb.js",
    "_grpc_pb.js",
    ".generated.ts",
    ".generated.tsx",
    ".generated.js",
    ".generated.py",
    "_generated.py",
    ".gen.ts",
    ".gen.tsx",
    ".gen.js",
    "_gen.py",
];
const MINIFIED_ENDINGS: &[&str] = &[
    ".min.js",
    ".min.mjs",
    ".min.cjs",
    "-min.js",
    ".bundle.js",
    ".bundle.mjs",
    ".chunk.js",
    ".prod.js",
];

/// Whether a path, relative to what the command line names, is test code.
pub(super) fn is_test(path: &Path, language: Language) -> bool {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let mut folders = folders.map(|folder| folder.as_os_str().to_string_lossy());
    if folders.any(|folder| TEST_FOLDERS.contains(&folder.as_ref())) {
        return true;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name
        .rsplit_once('.')
        .map_or(name.as_ref(), |(stem, _)| stem);
    if language.is_python() {
        let is_named =
            stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_tests");
        return is_named || stem == "conftest" || stem == "tests";
    }
    stem.split('.')
        .skip(1)
        .any(|mark| TEST_MARKS.contains(&mark) || mark.ends_with("-spec"))
}

/// Whether a folder holds other people's code.
pub(super) fn is_vendored(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    VENDORED.contains(&name.as_ref())
        || (matches!(name.as_ref(), "vendor" | "vendors") && !is_about_vendors(folder))
        || folder.join("pyvenv.cfg").is_file()
}

/// A shop's `vendor` folder is its own code: it holds `vendor.service.ts`, or the parts of a Django app.
fn is_about_vendors(folder: &Path) -> bool {
    const PARTS: &[&str] = &[
        "models",
        "views",
        "urls",
        "apps",
        "routes",
        "schemas",
        "serializers",
        "service",
    ];
    let Ok(entries) = folder.read_dir() else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let stem = name.split('.').next().unwrap_or_default();
        Language::of(&name).is_some() && (stem.starts_with("vendor") || PARTS.contains(&stem))
    })
}

/// What a file is by its name alone.
pub(super) fn name(path: &Path) -> Verdict {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(MINIFIED_ENDINGS) {
        Verdict::Minified
    } else if ends(GENERATED_ENDINGS) {
        Verdict::Generated
    } else {
        Verdict::Own
    }
}

/// Whether the linker wants to read a file.
pub(super) fn is_manifest(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_typescript = name.starts_with("tsconfig") || name.starts_with("jsconfig");
    let extension = Path::new(name).extension();
    (is_typescript && extension.is_some_and(|extension| extension == "json"))
        || matches!(name, "package.json" | "pyproject.toml" | "setup.cfg")
}

/// What a file is by its text.
pub(super) fn content(text: &str, language: Language) -> Verdict {
    if !language.is_python() {
        if is_squeezed(text) || is_bundle(text) {
            return Verdict::Minified;
        }
        if is_xml(text) {
            return Verdict::Generated;
        }
    }
    if says_generated(text) {
        Verdict::Generated
    } else {
        Verdict::Own
    }
}

/// Most of the text stands in lines that nobody would write. A data line among code does not count.
fn is_squeezed(text: &str) -> bool {
    const LONG: usize = 1000;
    let long: usize = text
        .lines()
        .map(str::len)
        .filter(|length| *length > LONG)
        .sum();
    long > 2 * LONG && long * 10 > text.len() * 7
}

fn is_bundle(text: &str) -> bool {
    let head = head(text, 2000);
    head.starts_with("/******/")
        || head.contains("webpackBootstrap")
        || head.contains("__webpack_require__")
}

/// Qt keeps translations in `.ts` files, too.
fn is_xml(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("<?xml") || text.starts_with("<!DOCTYPE")
}

/// Whether the comment at the top of a file says that a program wrote it.
fn says_generated(text: &str) -> bool {
    let top = top_comment(text).to_lowercase();
    let is_left_alone = [
        "do not edit",
        "do not modify",
        "don't edit",
        "do not change",
    ];
    let is_made = [
        "generated",
        "autogenerated",
        "auto-generated",
        "was created by",
    ];
    top.contains("@generated")
        || top.contains("generated by the protocol buffer compiler")
        || top.contains("this file was automatically generated")
        || top.contains("this file is automatically generated")
        || is_left_alone.iter().any(|words| top.contains(words))
            && is_made.iter().any(|words| top.contains(words))
}

/// The comments and the docstring before the first line of code.
fn top_comment(text: &str) -> &str {
    let head = head(text, 4000);
    let mut end = 0;
    let mut closing: Option<&str> = None;
    for line in head.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some(mark) = closing {
            if trimmed.contains(mark) {
                closing = None;
            }
        } else if let Some((open, close)) = opening(trimmed) {
            let rest = trimmed.get(open.len()..).unwrap_or_default();
            closing = (!rest.contains(close)).then_some(close);
        } else if !is_comment_line(trimmed) {
            break;
        }
        end += line.len();
    }
    head.get(..end).unwrap_or_default()
}

fn opening(line: &str) -> Option<(&'static str, &'static str)> {
    const BLOCKS: [(&str, &str); 3] = [("/*", "*/"), ("\"\"\"", "\"\"\""), ("'''", "'''")];
    BLOCKS.into_iter().find(|(open, _)| line.starts_with(open))
}

fn is_comment_line(line: &str) -> bool {
    let is_directive = line.starts_with("'use ") || line.starts_with("\"use ");
    line.is_empty() || line.starts_with('#') || line.starts_with("//") || is_directive
}

fn head(text: &str, length: usize) -> &str {
    let end = text.floor_char_boundary(length.min(text.len()));
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_code_is_known_by_its_path() {
        let test = |path: &str| {
            let language = Language::of(path).unwrap();
            is_test(Path::new(path), language)
        };
        for path in [
            "tests/a.py",
            "a/__tests__/b.ts",
            "test_a.py",
            "a_test.py",
            "conftest.py",
            "a.test.ts",
            "a.spec.tsx",
            "app/tests.py",
            "e2e/a.ts",
            "Button.stories.tsx",
            "cypress/support/a.js",
            "x/fixtures/a.py",
            "a.e2e-spec.ts",
        ] {
            assert!(test(path), "{path}");
        }
        for path in [
            "latest.py",
            "contest.py",
            "test.ts",
            "spec.js",
            "protest/a.py",
            "app/testimony.py",
            "a.tests-data.ts",
        ] {
            assert!(!test(path), "{path}");
        }
    }

    #[test]
    fn generated_code_says_so_at_the_top() {
        let generated = [
            (
                "a.py",
                "# -*- coding: utf-8 -*-\n# Generated by the protocol buffer compiler.  DO NOT EDIT!\nimport x\n",
            ),
            (
                "a.ts",
                "/* eslint-disable */\n// @generated by protobuf-ts 2.9\nimport x\n",
            ),
            (
                "a.ts",
                "/**\n * This file is auto-generated.\n * Do not edit it.\n */\nexport {}\n",
            ),
            (
                "a.py",
                "\"\"\"Client.\n\nGenerated by openapi. Do not modify.\n\"\"\"\nimport x\n",
            ),
            ("a.ts", "<?xml version=\"1.0\"?><!DOCTYPE TS>"),
        ];
        for (path, text) in generated {
            let language = Language::of(path).unwrap();
            assert_eq!(content(text, language), Verdict::Generated, "{text}");
        }
        let own = [
            (
                "a.py",
                "# DO NOT EDIT this query without asking the DBAs\nimport x\n",
            ),
            ("a.py", "import x\nHEADER = '# @generated DO NOT EDIT'\n"),
            ("a.ts", "const banner = '// @generated';\n"),
            (
                "a.py",
                "\"\"\"Add index.\n\nRevision ID: 1\n\"\"\"\ndef upgrade():\n    # ### commands auto generated by Alembic - please adjust! ###\n",
            ),
        ];
        for (path, text) in own {
            let language = Language::of(path).unwrap();
            assert_eq!(content(text, language), Verdict::Own, "{text}");
        }
    }

    #[test]
    fn minified_code_has_hardly_any_lines() {
        let squeezed = format!("/*! lib */\n{}\n", "a(b);".repeat(2000));
        assert_eq!(content(&squeezed, Language::JavaScript), Verdict::Minified);
        let code = "export function a() { return 1 }\n".repeat(400);
        let with_data = format!("const blob = \"{}\";\n{code}", "A".repeat(9000));
        assert_eq!(content(&with_data, Language::JavaScript), Verdict::Own);
        assert_eq!(name(Path::new("a/b.min.js")), Verdict::Minified);
        assert_eq!(name(Path::new("a/b_pb2.py")), Verdict::Generated);
    }
}
