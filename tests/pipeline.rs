//! Broken, deep and huge input through the whole pipeline: no panic, in bounded time.
//!
//! Each example of the pages is a project; the projects made from it by cutting one of its files short, or by taking a
//! line out, are analysed together, each in a folder of its own.
mod markdown;

use libtest_mimic::{Arguments, Failed, Trial};
use markdown::{Block, blocks, file_name, pages};
use poolgate::config::Config;
use poolgate::program::analyse;
use poolgate::progress::Progress;
use poolgate::source::{Source, Sources};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// What one analysis of hostile input may take in an unoptimised build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many characters lie between two places at which a file is cut.
const STEP: usize = 9;

/// The stack that the command line gives its threads.
const STACK_BYTES: usize = 64 << 20;

static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let threads = ThreadPoolBuilder::new().stack_size(STACK_BYTES);
    threads.build().ok()
});

/// Path and text of each file.
type Project = Vec<(String, String)>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (path, page) in ["rules", "tests/cases"].into_iter().flat_map(pages) {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for (heading, project) in projects(&page) {
            trials.push(Trial::test(format!("{name}: {heading}"), move || {
                mutilated(&project)
            }));
        }
    }
    for (name, file, text) in hostile() {
        trials.push(Trial::test(format!("{name} in {file}"), move || {
            let project = vec![(file.to_owned(), text.clone())];
            survives(&[project])
        }));
    }
    trials.push(Trial::test("a chain of files", chain));
    trials.push(Trial::test("many checkouts", many_checkouts));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The files under each heading of a page.
fn projects(page: &str) -> Vec<(String, Project)> {
    let mut projects: Vec<(&str, Project)> = Vec::new();
    for block in blocks(page) {
        let Some(name) = file_name(&block) else {
            continue;
        };
        let Block {
            heading,
            text,
            range,
            ..
        } = block;
        // Two headings may have the same words; they are different slices of the page.
        let is_open = projects
            .last()
            .is_some_and(|(last, _)| last.as_ptr() == heading.as_ptr());
        if !is_open {
            projects.push((heading, Vec::new()));
        }
        debug_assert!(page.get(range).is_some_and(|code| code == text));
        if let Some((_, project)) = projects.last_mut() {
            project.push((name, text.to_owned()));
        }
    }
    let owned = projects.into_iter();
    owned
        .map(|(heading, project)| (heading.to_owned(), project))
        .collect()
}

/// Every project with one file cut short or without one of its lines.
fn mutilated(project: &Project) -> Result<(), Failed> {
    let mut variants = vec![project.clone()];
    for (index, (path, text)) in project.iter().enumerate() {
        let cuts = text.char_indices().step_by(STEP);
        let prefixes = cuts.filter_map(|(end, _)| text.get(..end).map(str::to_owned));
        for text in prefixes.chain(without_each_line(text)) {
            let mut variant = project.clone();
            variant[index] = (path.clone(), text);
            variants.push(variant);
        }
    }
    survives(&variants)
}

fn without_each_line(text: &str) -> impl Iterator<Item = String> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).map(move |removed| {
        let mut kept = lines.clone();
        kept.remove(removed);
        kept.join("\n")
    })
}

/// Analyses the projects side by side; where that fails, one after the other, to tell which.
fn survives(variants: &[Project]) -> Result<(), Failed> {
    let start = Instant::now();
    let files = |variant: &Project, folder: usize| {
        let files = variant
            .iter()
            .map(move |(path, text)| (format!("{folder}/{path}"), text.clone()));
        files.collect::<Project>()
    };
    let all = variants
        .iter()
        .enumerate()
        .flat_map(|(folder, variant)| files(variant, folder));
    let is_fine = is_analysed(all.collect());
    let took = start.elapsed();
    if !is_fine {
        let culprit = variants
            .iter()
            .find(|variant| !is_analysed((*variant).clone()));
        return Err(format!("panics: {}", excerpt(culprit.unwrap_or(&variants[0]))).into());
    }
    if took > PATIENCE {
        return Err(format!("took {took:?}: {}", excerpt(&variants[0])).into());
    }
    Ok(())
}

fn is_analysed(files: Project) -> bool {
    let files = files.into_iter();
    let sources = Sources::new(
        files
            .filter_map(|(path, text)| Source::new(path, text))
            .collect(),
    );
    let analysis = || analyse(sources, &[], &Config::default(), &Progress::default()).is_ok();
    let threads = THREADS.as_ref();
    let work = AssertUnwindSafe(|| threads.is_some_and(|threads| threads.install(analysis)));
    catch_unwind(work).unwrap_or(false)
}

/// A connection that is handed through hundreds of files, and lost in the last: each must be found by the one before.
fn chain() -> Result<(), Failed> {
    const LENGTH: usize = 600;
    let hand_on = |number: usize| {
        let next = number + 1;
        format!("from step_{next} import run_{next}\ndef run_{number}(c):\n    run_{next}(c)\n")
    };
    let mut files: Project = (1..LENGTH)
        .map(|number| (format!("step_{number}.py"), hand_on(number)))
        .collect();
    let main = "import psycopg2\nfrom step_1 import run_1\ndef main(url):\n    run_1(psycopg2.connect(url))\n";
    files.push(("main.py".to_owned(), main.to_owned()));
    let last = |body: &str| {
        (
            format!("step_{LENGTH}.py"),
            format!("def run_{LENGTH}(c):\n    {body}\n"),
        )
    };
    let lost = [files.clone(), vec![last("c.cursor()")]].concat();
    let closed = [files, vec![last("c.close()")]].concat();
    expect_findings(&lost, 1)?;
    expect_findings(&closed, 0)
}

/// Each checkout of a function is followed as far as it is held: time grows with their number.
fn many_checkouts() -> Result<(), Failed> {
    let checkout = |number: usize| {
        format!(
            "    c{number} = pool.getconn()\n    try:\n        f()\n    finally:\n        pool.putconn(c{number})\n"
        )
    };
    let text = python(&(0..DEEP / 5).map(checkout).collect::<String>());
    survives(&[vec![("example.py".to_owned(), text)]])
}

fn expect_findings(files: &Project, expected: usize) -> Result<(), Failed> {
    let files = files.iter();
    let files = files.filter_map(|(path, text)| Source::new(path.as_str(), text.as_str()));
    let sources = Sources::new(files.collect());
    let analysis = analyse(sources, &[], &Config::default(), &Progress::default());
    let findings = analysis.map_err(|error| error.to_string())?.findings;
    if findings.len() == expected {
        return Ok(());
    }
    Err(format!("{} findings instead of {expected}", findings.len()).into())
}

fn excerpt(project: &Project) -> String {
    let text: Vec<_> = project
        .iter()
        .map(|(path, text)| format!("--- {path}\n{text}\n"))
        .collect();
    text.concat().chars().take(2_000).collect()
}

/// So many times things are repeated, or nested in each other.
const DEEP: usize = 10_000;

/// Input that nests deep, is long, or is no text, with a client held around it. Without an import of a library a file
/// is not even parsed.
fn hostile() -> Vec<(&'static str, &'static str, String)> {
    let mut hostile = Vec::new();
    for (name, code) in shared() {
        hostile.push((name, "example.py", python(&format!("    {code}\n"))));
        for file in ["example.js", "example.ts", "example.tsx"] {
            hostile.push((name, file, javascript(&code)));
        }
    }
    let pythons = python_only().map(|(name, code)| (name, "example.py", python(&code)));
    let javascripts = javascript_only().map(|(name, code)| (name, "example.ts", javascript(&code)));
    hostile
        .into_iter()
        .chain(pythons)
        .chain(javascripts)
        .collect()
}

fn nested(open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP))
}

/// A client that is lost is followed to the end of the function: time grows with the square.
fn checkouts(line: &str) -> String {
    line.repeat(DEEP / 40)
}

/// Code of every language.
fn shared() -> [(&'static str, String); 13] {
    [
        ("parentheses", nested("(", "c", ")")),
        ("brackets", nested("[", "c", "]")),
        ("open brackets", "[".repeat(DEEP)),
        ("calls", nested("f(", "c", ")")),
        ("fluent calls", format!("c{}", ".f()".repeat(DEEP))),
        ("attributes", format!("c{}", ".f".repeat(DEEP))),
        ("sum", format!("c{}", " + c".repeat(DEEP))),
        ("assignments", format!("{}c", "a = ".repeat(DEEP))),
        (
            "a megabyte of numbers",
            format!("a = [{}]", "1, ".repeat(1 << 18)),
        ),
        ("a megabyte of calls", "f(c);".repeat(1 << 18)),
        (
            "a megabyte of text",
            format!("a = '{}'", "ab ".repeat(1 << 18)),
        ),
        ("null bytes", "\0".repeat(DEEP)),
        ("null bytes in code", "a = f(\0);\0 b = c;".repeat(100)),
    ]
}

fn python_only() -> impl Iterator<Item = (&'static str, String)> {
    let many = |line: &str| line.repeat(DEEP);
    let functions = (0..DEEP).map(|n| format!("def f{n}(c): f{}(c)\n", n + 1));
    [
        ("branches", many("    if a: f(c)\n")),
        ("handlers", many("    try: f()\n    except E: g()\n")),
        ("scopes", many("    with f() as a: g(a)\n")),
        ("checkouts", checkouts("    c = pool.getconn()\n")),
        ("aliases", many("    c = (c, c)\n")),
        ("functions", functions.collect()),
        ("blocks", blocks_of(DEEP / 10, "if a:", "f(c)")),
        ("cleanups", blocks_of(DEEP / 10, "with f():", "g(c)")),
        ("closures", blocks_of(DEEP / 10, "def f():", "g(c)")),
    ]
    .into_iter()
}

fn javascript_only() -> impl Iterator<Item = (&'static str, String)> {
    [
        ("branches", "if (a) f(c);".repeat(DEEP)),
        (
            "promises",
            format!("f(c){}", ".then(a => g(c))".repeat(DEEP)),
        ),
        ("checkouts", checkouts("c = await pool.connect();")),
        ("blocks", nested("{", "f(c)", "}")),
        ("cleanups", nested("try {", "f(c)", "} finally { g() }")),
        ("closures", nested("() => {", "f(c)", "}")),
        ("callbacks", nested("f(() => {", "f(c)", "})")),
    ]
    .into_iter()
}

fn python(body: &str) -> String {
    format!(
        "from psycopg_pool import ConnectionPool\npool = ConnectionPool()\ndef h(a):\n    c = pool.getconn()\n{body}    \
         pool.putconn(c)\n"
    )
}

fn javascript(body: &str) -> String {
    format!(
        "import {{ Pool }} from 'pg'; const pool = new Pool(); export async function h(a) {{ let c = await pool.connect(); \
         {body}; c.release() }}"
    )
}

/// Python blocks inside each other. They nest less deep: their indentation grows with the square.
fn blocks_of(deep: usize, header: &str, inner: &str) -> String {
    let mut text = String::new();
    for depth in 0..deep {
        text.extend([&" ".repeat(4 + depth), header, "\n"]);
    }
    text + &format!("{}{inner}\n", " ".repeat(4 + deep))
}
