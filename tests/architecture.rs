//! The shape of the project: what its documents and style say of it holds.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and stops at the first surprise"
)]
mod markdown;

use markdown::{blocks, file_name, pages};
use poolgate::config::Config;
use poolgate::program::analyse;
use poolgate::progress::Progress;
use poolgate::rules::INFOS;
use poolgate::source::{Source, Sources};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// `analyse` is the one door to everything, and it ends with the rules.
const EXCEPTION: &str = "src/program/mod.rs uses crate::rules";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The files of the repository as Git knows them, new ones too.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    let names = names.lines().filter(|name| root().join(name).is_file());
    names.map(str::to_owned).collect()
}

fn rust_files(folder: &str) -> Vec<String> {
    let mut files = files();
    files.retain(|path| path.starts_with(folder) && has_extension(path, "rs"));
    assert!(!files.is_empty());
    files
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|own| own == extension)
}

fn stems(folder: &str) -> BTreeSet<String> {
    let entries = root().join(folder).read_dir().unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.is_file());
    files
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// The names that follow each occurrence of `prefix` in the code of a file.
fn names_after(code: &str, prefix: &str) -> Vec<String> {
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let rests = lines.flat_map(|line| line.split(prefix).skip(1));
    let is_part = |letter: &char| letter.is_alphanumeric() || *letter == '_';
    rests
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split([',', '}']).map(str::trim).collect(),
            None => vec![rest],
        })
        .map(|name| name.chars().take_while(is_part).collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn modules_use_only_those_above_them() {
    let order = names_after(&read("src/lib.rs"), "pub mod ");
    let rank = |module: &str| order.iter().position(|name| name == module);
    let mut upward = Vec::new();
    for path in rust_files("src/") {
        let inside = path.strip_prefix("src/").unwrap();
        let module = inside.split(['/', '.']).next().unwrap();
        let Some(own) = rank(module) else { continue };
        for used in names_after(&read(&path), "crate::") {
            if rank(&used).is_none_or(|used| used > own) {
                upward.push(format!("{path} uses crate::{used}"));
            }
        }
    }
    assert_eq!(upward, [EXCEPTION]);
}

#[test]
fn only_syntax_names_the_parser() {
    let mut others = rust_files("src/");
    others.retain(|path| !path.starts_with("src/syntax/"));
    for path in others {
        let code = read(&path);
        let mut uses = code.lines().map(str::trim_start);
        let has_use = uses.any(|line| !line.starts_with("//") && line.contains("tree_sitter"));
        assert!(!has_use, "{path}");
    }
}

#[test]
fn every_file_says_what_it_is() {
    for path in rust_files("") {
        assert!(read(&path).starts_with("//! "), "{path}");
    }
}

#[test]
fn files_are_short() {
    let mut long = rust_files("");
    long.retain(|path| read(path).lines().count() > 800);
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn each_rule_has_a_page_and_each_page_a_rule() {
    let rules: BTreeSet<_> = INFOS.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(rules, stems("rules"));
    for id in rules {
        let page = read(&format!("rules/{id}.md"));
        for key in ["level", "group", "summary", "since", "precision"] {
            assert!(page.contains(&format!("\n{key}: ")), "{id}: {key}");
        }
        assert!(page.contains(&format!("\n# {id}\n")), "{id}");
    }
}

#[test]
fn each_library_file_is_embedded() {
    let embedded = read("src/library/embedded.rs");
    for stem in stems("rules/libraries") {
        assert!(embedded.contains(&format!("    \"{stem}\",\n")), "{stem}");
    }
}

#[test]
fn what_the_documents_name_exists() {
    let mut missing = Vec::new();
    for (page, text) in pages(".") {
        // Code blocks stand between fences: every second part is prose.
        let prose = text.split("```").step_by(2).collect::<String>();
        let quoted = prose.split('`').skip(1).step_by(2);
        let linked = prose.split("](").skip(1);
        let linked = linked.filter_map(|rest| rest.split(')').next());
        let linked = linked.filter(|target| !target.contains("://"));
        let names = quoted.filter(|name| looks_like_path(name)).chain(linked);
        for name in names.filter(|name| !root().join(name).exists()) {
            missing.push(format!("{}: {name}", page.display()));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_map_has_every_module_and_dependency() {
    let map = read("ARCHITECTURE.md");
    for module in names_after(&read("src/lib.rs"), "pub mod ") {
        let is_there = [".rs`", "/`"]
            .iter()
            .any(|end| map.contains(&format!("`src/{module}{end}")));
        assert!(is_there, "{module}");
    }
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    for table in ["dependencies", "dev-dependencies"] {
        for name in manifest[table].as_table().unwrap().keys() {
            assert!(map.contains(&format!("`{name}`")), "{name}");
        }
    }
}

/// Whether something in backticks is a path of this repository and no pattern or command.
fn looks_like_path(text: &str) -> bool {
    let is_pattern = text.contains(['*', '<', ' ', '…']);
    let top = text.split('/').next().unwrap_or_default();
    !is_pattern && text.contains('/') && !top.is_empty() && root().join(top).is_dir()
}

/// What rules say about every example and every outage, each file a project of its own.
fn messages() -> BTreeSet<String> {
    let mut sources = Vec::new();
    for (page, text) in ["rules", "tests/cases"].into_iter().flat_map(pages) {
        for block in blocks(&text) {
            let Some(name) = file_name(&block) else {
                continue;
            };
            let (heading, start) = (block.heading, block.range.start);
            let path = format!("{}/{heading} {start}/{name}", page.display());
            sources.extend(Source::new(path, block.text));
        }
    }
    let mut outages = files();
    outages.retain(|path| path.starts_with("tests/incidents/"));
    sources.extend(
        outages
            .iter()
            .filter_map(|path| Source::new(path, read(path))),
    );
    let analysis = analyse(
        Sources::new(sources),
        &[],
        &Config::default(),
        &Progress::default(),
    )
    .unwrap();
    let findings = analysis.findings.into_iter();
    findings
        .flat_map(|finding| {
            let steps = finding.steps.into_iter().map(|step| step.message);
            std::iter::once(finding.message).chain(steps)
        })
        .collect()
}

#[test]
fn messages_are_one_line_begin_small_and_end_without_a_stop() {
    let messages = messages();
    assert!(messages.len() > 100, "{}", messages.len());
    let is_bad = |message: &&String| {
        message.starts_with(char::is_uppercase)
            || message.ends_with('.')
            || message.trim() != message.as_str()
            || message.contains('\n')
            || message.is_empty()
    };
    let bad: Vec<_> = messages.iter().filter(is_bad).collect();
    assert_eq!(bad, Vec::<&String>::new());
}

#[test]
fn the_gate_passes_its_own_repository() {
    let output = Command::new(env!("CARGO_BIN_EXE_poolgate"))
        .args(["check", "--format", "text", "--fail-on", "note", "."])
        .current_dir(root())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(report, "no findings\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_is_left_to_do_names_its_issue() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut loose = Vec::new();
    for path in files() {
        for line in fs::read_to_string(root().join(&path))
            .unwrap_or_default()
            .lines()
        {
            let is_loose = |mark: &&str| line.contains(*mark) && !line.contains("(#");
            if marks.iter().any(is_loose) {
                loose.push(format!("{path}: {line}"));
            }
        }
    }
    assert_eq!(loose, Vec::<String>::new());
}
