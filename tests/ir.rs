//! `tests/ir/*.md`: each heading has a block of code and the IR it is lowered to. `UPDATE=1` rewrites the latter.
use libtest_mimic::{Arguments, Failed, Trial};
use poolgate::source::{FileId, Source};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A heading's code, and the lines of the page between which its IR stands.
struct Case {
    heading: String,
    extension: String,
    code: String,
    ir: Option<(usize, usize)>,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for page in pages()? {
        let text = read(&page)?;
        let stem = page.file_stem().unwrap_or_default().to_string_lossy();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&page, updated(&text))?;
            continue;
        }
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for case in cases(&text) {
            let name = format!("{stem}: {}", case.heading);
            let expected = case.ir.map(|(from, to)| lines[from..to].join("\n"));
            trials.push(Trial::test(name, move || check(&case, expected.as_deref())));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn pages() -> io::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ir");
    let mut pages: Vec<_> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    Ok(pages)
}

#[expect(clippy::disallowed_methods, reason = "a test reads its pages")]
fn read(page: &Path) -> io::Result<String> {
    fs::read_to_string(page)
}

fn check(case: &Case, expected: Option<&str>) -> Result<(), Failed> {
    let actual = lowered(case);
    match expected {
        Some(expected) if expected == actual => Ok(()),
        Some(expected) => Err(format!("expected:\n{expected}\nactual:\n{actual}").into()),
        None => Err(format!("no ir block; run with UPDATE=1\n{actual}").into()),
    }
}

fn lowered(case: &Case) -> String {
    let path = format!("test.{}", case.extension);
    let Some(source) = Source::new(path, case.code.as_str()) else {
        return format!("unknown language {:?}", case.extension);
    };
    let module = poolgate::lower::lower(FileId(0), &source);
    let mut text = poolgate::ir::print::module(&module);
    for (offset, message) in &module.notices {
        let _ = writeln!(text, "notice at {offset}: {message}");
    }
    text.trim_end().to_owned()
}

fn updated(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let (mut out, mut position) = (String::new(), 0);
    for case in cases(text) {
        let (from, to) = case.ir.unwrap_or_default();
        if case.ir.is_some() {
            for line in &lines[position..from] {
                let _ = writeln!(out, "{line}");
            }
            let _ = writeln!(out, "{}", lowered(&case));
            position = to;
        }
    }
    for line in &lines[position..] {
        let _ = writeln!(out, "{line}");
    }
    out
}

fn cases(text: &str) -> Vec<Case> {
    let lines: Vec<_> = text.lines().collect();
    let mut cases: Vec<Case> = Vec::new();
    let (mut heading, mut position) = (String::new(), 0);
    while let Some(line) = lines.get(position) {
        position += 1;
        if let Some(title) = line.strip_prefix('#') {
            title
                .trim_start_matches('#')
                .trim()
                .clone_into(&mut heading);
        }
        let Some(fence) = line.strip_prefix("```").filter(|fence| !fence.is_empty()) else {
            continue;
        };
        let rest = lines.get(position..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|line| *line == "```")
            .unwrap_or(rest.len());
        let (from, to) = (position, position + length);
        position = to + 1;
        if fence == "ir" {
            if let Some(case) = cases.last_mut() {
                case.ir = Some((from, to));
            }
        } else {
            let extension = if fence == "python" { "py" } else { fence };
            cases.push(Case {
                heading: heading.clone(),
                extension: extension.to_owned(),
                code: lines[from..to].join("\n"),
                ir: None,
            });
        }
    }
    cases
}
