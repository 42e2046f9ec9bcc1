//! Findings for the tests of the formats.
use super::{Colour, Format, Report, render};
use crate::finding::{Confidence, Finding, Level, Notice, Precision, RuleInfo, Step, StepKind};
use crate::source::{Counts, FileId, Source, Sources, Span};

pub(super) const RULES: &[RuleInfo] = &[
    RuleInfo {
        id: "unreleased-client",
        group: "leak",
        level: Level::Error,
        summary: "A pooled client is not given back on some path",
        page: "---\nlevel: error\n---\n# unreleased-client\n\nSome path keeps the client.\n\n## Why\n\nIt leaks.\n",
        precision: Precision::High,
    },
    RuleInfo {
        id: "missing-pool-timeout",
        group: "budget",
        level: Level::Note,
        summary: "A caller would wait for ever",
        page: "# missing-pool-timeout\n\nNobody waits for ever.\n",
        precision: Precision::VeryHigh,
    },
];

pub(super) fn sources(files: &[(&str, &str)]) -> Sources {
    Sources::new(
        files
            .iter()
            .map(|(path, text)| Source::new(*path, *text).unwrap())
            .collect(),
    )
}

/// The span of the first occurrence of a text.
pub(super) fn span(sources: &Sources, path: &str, part: &str) -> Span {
    let file = sources.find(path).unwrap();
    let start = sources.get(file).text.find(part).unwrap();
    Span {
        file,
        start: u32::try_from(start).unwrap(),
        end: u32::try_from(start + part.len()).unwrap(),
    }
}

pub(super) fn finding(primary: Span, message: &str, steps: &[(Span, &str, StepKind)]) -> Finding {
    let step = |(span, message, kind): &(Span, &str, StepKind)| Step {
        span: *span,
        message: (*message).to_owned(),
        kind: *kind,
    };
    Finding {
        rule: "unreleased-client",
        level: Level::Error,
        confidence: Confidence::High,
        primary,
        message: message.to_owned(),
        steps: steps.iter().map(step).collect(),
        identity: "pay".to_owned(),
    }
}

pub(super) const PAY: &str = "export async function pay(id) {\n\tconst client = await pool.connect()\n\tawait charge(client, id)\n\tclient.release()\n}\n";

/// A leak on the exception path, with a helper in another file.
pub(super) fn leak() -> (Sources, Vec<Finding>) {
    let sources = sources(&[
        ("src/pay [v2].ts", PAY),
        (
            "src/charge.ts",
            "export async function charge(client, id) {\n  return client.query('é😀', [id])\n}\n",
        ),
    ]);
    let at = |path, part| span(&sources, path, part);
    let acquire = at("src/pay [v2].ts", "pool.connect()");
    let steps = [
        (acquire, "checked out here", StepKind::Acquire),
        (
            at("src/pay [v2].ts", "charge(client, id)"),
            "calls `charge`",
            StepKind::Call,
        ),
        (
            at("src/charge.ts", "query('é😀', [id])"),
            "may throw here",
            StepKind::Raise,
        ),
        (
            at("src/pay [v2].ts", "client.release()"),
            "not reached",
            StepKind::Aside,
        ),
    ];
    let message = "client `client` of pool `pool` is not released when `query` throws";
    let findings = vec![finding(acquire, message, &steps)];
    (sources, findings)
}

pub(super) fn notices() -> Vec<Notice> {
    vec![
        Notice {
            path: "src/big.ts".into(),
            line: None,
            message: "is larger than 10 MB".into(),
        },
        Notice {
            path: "src/odd.py".into(),
            line: Some(3),
            message: "2 lines not understood".into(),
        },
    ]
}

pub(super) fn rendered(
    sources: &Sources,
    findings: &[Finding],
    notices: &[Notice],
    format: Format,
) -> String {
    let report = Report {
        sources,
        findings,
        suppressed: &[],
        show_suppressed: false,
        notices,
        counts: Counts {
            files: sources.len(),
            ..Counts::default()
        },
        rules: RULES,
    };
    render(&report, format, Colour::Never)
}

pub(super) fn whole(sources: &Sources) -> Span {
    let end = u32::try_from(sources.get(FileId(0)).text.len()).unwrap();
    Span {
        file: FileId(0),
        start: 0,
        end,
    }
}
