//! For programs: version 1, fields are added but never change their meaning.
use super::{Entries, Entry, Report};
use crate::finding::{Notice, StepKind};
use crate::source::Span;
use serde_json::{Map, Value, json};

pub(super) fn render(report: &Report, entries: &Entries) -> String {
    let findings: Vec<Value> = entries
        .all
        .iter()
        .map(|entry| finding(entry, entries))
        .collect();
    let counts = report.counts;
    let value = json!({
        "version": 1,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "findings": findings,
        "notices": report.notices.iter().map(notice).collect::<Vec<_>>(),
        "counts": {
            "findings": report.findings.len(),
            "suppressed": report.suppressed.len(),
            "files": counts.files,
            "bytes": counts.bytes,
            "skippedGenerated": counts.skipped_generated,
            "skippedMinified": counts.skipped_minified,
            "skippedVendored": counts.skipped_vendored,
            "skippedTests": counts.skipped_tests,
        },
    });
    format!("{value:#}\n")
}

fn finding(entry: &Entry, entries: &Entries) -> Value {
    let finding = entry.finding;
    let mut out = Map::new();
    out.insert("rule".into(), finding.rule.into());
    out.insert("level".into(), finding.level.word().into());
    out.insert("message".into(), finding.message.as_str().into());
    place(&mut out, finding.primary, entries);
    let steps = finding.steps.iter().map(|step| {
        let mut out = Map::new();
        place(&mut out, step.span, entries);
        out.insert("message".into(), step.message.as_str().into());
        out.insert("kind".into(), kind(step.kind).into());
        Value::Object(out)
    });
    out.insert("steps".into(), steps.collect());
    out.insert("fingerprint".into(), entry.fingerprint.as_str().into());
    if let Some(reason) = entry.suppression {
        out.insert("suppressed".into(), json!({ "reason": reason }));
    }
    Value::Object(out)
}

fn place(out: &mut Map<String, Value>, span: Span, entries: &Entries) {
    let place = entries.places.place(span);
    out.insert("path".into(), place.path.into());
    out.insert("line".into(), place.start.line.into());
    out.insert("column".into(), place.start.column.into());
    out.insert("endLine".into(), place.end.line.into());
    out.insert("endColumn".into(), place.end.column.into());
}

fn notice(notice: &Notice) -> Value {
    json!({ "path": notice.path, "line": notice.line, "message": notice.message })
}

/// The word for a step in JSON and SARIF.
pub(super) fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Acquire => "acquire",
        StepKind::Branch => "branch",
        StepKind::Call => "call",
        StepKind::Raise => "raise",
        StepKind::Wait => "wait",
        StepKind::Exit => "exit",
        StepKind::Aside => "aside",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::samples::{leak, notices, rendered};
    use super::*;

    #[test]
    fn a_finding_carries_its_path() {
        let (sources, findings) = leak();
        let text = rendered(&sources, &findings, &notices(), Format::Json);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["version"], 1);
        let finding = &value["findings"][0];
        assert_eq!(finding["path"], "src/pay [v2].ts");
        assert_eq!(
            (&finding["line"], &finding["column"]),
            (&json!(2), &json!(23))
        );
        let step = &finding["steps"][2];
        assert_eq!(
            (&step["kind"], &step["endColumn"]),
            (&json!("raise"), &json!(35))
        );
        assert_eq!(value["notices"][1]["line"], 3);
        assert_eq!(value["counts"]["files"], 2);
        assert!(text.ends_with("}\n"));
    }
}
