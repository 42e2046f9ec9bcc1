//! The yardstick of `scripts/benchmark.py`: what it costs to walk, read and parse every source file, and nothing more.
//!
//! `parse_all THREADS PATH...` walks like the analyzer does, reads each Python, JavaScript and TypeScript file, parses
//! it with tree-sitter, drops the tree, and prints the number of files, bytes, lines and files with syntax errors.
//! Files over 1 MB and minified ones are left out.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::ops::Add;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ignore::WalkBuilder;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use tree_sitter::{Language, Parser};

const MAX_BYTES: u64 = 1_000_000;
/// A file whose lines are longer than this on average is minified.
const MAX_MEAN_LINE: usize = 500;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Copy)]
enum Dialect {
    Python,
    JavaScript,
    TypeScript,
    Tsx,
}

impl Dialect {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "py" => Some(Self::Python),
            "js" | "jsx" | "mjs" | "cjs" => Some(Self::JavaScript),
            "ts" | "mts" | "cts" => Some(Self::TypeScript),
            "tsx" => Some(Self::Tsx),
            _ => None,
        }
    }

    fn language(self) -> Language {
        match self {
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Totals {
    files: usize,
    bytes: usize,
    lines: usize,
    broken: usize,
}

impl Add for Totals {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            files: self.files + other.files,
            bytes: self.bytes + other.bytes,
            lines: self.lines + other.lines,
            broken: self.broken + other.broken,
        }
    }
}

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do where standard error itself is gone.
            let _ = writeln!(io::stderr(), "parse_all: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<(), Failure> {
    let usage = "usage: parse_all THREADS PATH...";
    let threads = arguments.next().ok_or(usage)?;
    let threads: usize = threads.to_str().ok_or(usage)?.parse().map_err(|_| usage)?;
    let mut roots = arguments.map(PathBuf::from);
    let mut walk = WalkBuilder::new(roots.next().ok_or(usage)?);
    for root in roots {
        walk.add(root);
    }
    let files = sources(&walk)?;
    let totals = if threads <= 1 {
        files
            .iter()
            .map(|(path, dialect)| parse(path, *dialect))
            .try_fold(Totals::default(), add)?
    } else {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        pool.install(|| {
            let parsed = files
                .par_iter()
                .map(|(path, dialect)| parse(path, *dialect));
            parsed.try_reduce(Totals::default, |left, right| Ok(left + right))
        })?
    };
    let Totals {
        files,
        bytes,
        lines,
        broken,
    } = totals;
    writeln!(
        io::stdout(),
        r#"{{"files":{files},"bytes":{bytes},"lines":{lines},"broken":{broken}}}"#
    )?;
    Ok(())
}

fn add(sum: Totals, next: Result<Totals, Failure>) -> Result<Totals, Failure> {
    Ok(sum + next?)
}

/// The files to parse, in the walk's order.
fn sources(walk: &WalkBuilder) -> Result<Vec<(PathBuf, Dialect)>, Failure> {
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if let Some(dialect) = Dialect::of(entry.path()).filter(|_| is_file) {
            files.push((entry.into_path(), dialect));
        }
    }
    Ok(files)
}

fn parse(path: &Path, dialect: Dialect) -> Result<Totals, Failure> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > MAX_BYTES {
        return Ok(Totals::default());
    }
    let mut source = Vec::new();
    file.read_to_end(&mut source)?;
    let lines = source.split(|&byte| byte == b'\n').count();
    if source.len() / lines > MAX_MEAN_LINE {
        return Ok(Totals::default());
    }
    let tree = PARSER.with_borrow_mut(|parser| {
        parser.set_language(&dialect.language())?;
        Ok::<_, Failure>(parser.parse(&source, None))
    })?;
    let broken = usize::from(tree.is_none_or(|tree| tree.root_node().has_error()));
    Ok(Totals {
        files: 1,
        bytes: source.len(),
        lines,
        broken,
    })
}
