//! Code and the IR it is lowered to, side by side in `tests/ir/*.md`: each `ir` block shows the code block above
//! it. `UPDATE=1 cargo test --test ir` rewrites the `ir` blocks.
mod markdown;

use libtest_mimic::{Arguments, Failed, Trial};
use markdown::{Block, blocks, file_name, pages};
use poolgate::ir::print;
use poolgate::lower::lower;
use poolgate::source::{FileId, Source};
use std::fmt::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if std::env::var_os("UPDATE").is_some() {
        update();
    }
    let mut trials = Vec::new();
    for (path, page) in pages("tests/ir") {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        for (code, ir) in pairs(&page) {
            let actual = lowered(&code);
            let expected = ir.text.to_owned();
            let title = format!("{name}: {}", code.heading);
            trials.push(Trial::test(title, move || compare(&expected, &actual)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Each `ir` block with the code block above it.
fn pairs(page: &str) -> Vec<(Block<'_>, Block<'_>)> {
    let mut pairs = Vec::new();
    let mut code = None;
    for block in blocks(page) {
        if block.language == "ir" {
            pairs.extend(code.take().map(|code| (code, block)));
        } else if file_name(&block).is_some() {
            code = Some(block);
        }
    }
    pairs
}

fn lowered(code: &Block<'_>) -> String {
    let source = file_name(code).and_then(|name| Source::new(name, code.text));
    let Some(source) = source else {
        return String::new();
    };
    let module = lower(FileId(0), &source);
    let mut text = print::module(&module);
    for comment in &module.comments {
        let range = comment.start as usize..comment.end as usize;
        let _ = writeln!(text, "comment {}", source.slice(range));
    }
    for (offset, message) in &module.notices {
        let _ = writeln!(text, "notice at {offset}: {message}");
    }
    text
}

fn compare(expected: &str, actual: &str) -> Result<(), Failed> {
    if expected == actual {
        return Ok(());
    }
    Err(format!("lowered to:\n{actual}\nthe page says:\n{expected}").into())
}

fn update() {
    for (path, mut page) in pages("tests/ir") {
        let places: Vec<_> = pairs(&page)
            .into_iter()
            .map(|(code, ir)| (ir.range, lowered(&code)))
            .collect();
        for (range, text) in places.into_iter().rev() {
            page.replace_range(range, &text);
        }
        if let Err(error) = std::fs::write(&path, page) {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), error.to_string().as_bytes());
        }
    }
}
