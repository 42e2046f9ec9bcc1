//! Scratch driver.
use poolgate::source::{Source, Sources};
fn main() {
    let mut files = Vec::new();
    for root in std::env::args().skip(1) {
        for entry in ignore::WalkBuilder::new(&root)
            .hidden(true)
            .build()
            .flatten()
        {
            let path = entry.path().to_string_lossy().to_string();
            if entry.path().is_file()
                && let Ok(bytes) = std::fs::read(entry.path())
            {
                let text = String::from_utf8_lossy(&bytes).to_string();
                let rel = path
                    .strip_prefix(&root)
                    .unwrap_or(&path)
                    .trim_start_matches('/')
                    .to_string();
                if let Some(s) = Source::new(if rel.is_empty() { path } else { rel }, text) {
                    files.push(s);
                }
            }
        }
    }
    let sources = Sources::new(files);

    let t = std::time::Instant::now();
    let analysis =
        poolgate::program::analyse(sources, &[], &Default::default(), &Default::default()).unwrap();
    let (sources, findings) = (analysis.sources, analysis.findings);
    eprintln!("{} files {:?}", sources.len(), t.elapsed());
    for f in &findings {
        let p = sources.position(f.primary.file, f.primary.start);
        println!(
            "{}:{}:{} {} {}",
            sources.get(f.primary.file).path,
            p.line,
            p.column,
            f.rule,
            f.message
        );
        for s in &f.steps {
            let p = sources.position(s.span.file, s.span.start);
            println!(
                "    {}:{} {}",
                sources.get(s.span.file).path,
                p.line,
                s.message
            );
        }
    }
}
