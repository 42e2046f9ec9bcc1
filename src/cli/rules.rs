//! `explain` and `rules`.
use super::args::ListFormat;
use crate::error::Error;
use crate::finding::nearest;
use crate::rules::INFOS;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The page of a rule.
pub(super) fn page(id: &str) -> Result<String, Error> {
    if let Some(rule) = INFOS.iter().find(|rule| rule.id == id) {
        return Ok(format!("{}\n", rule.page.trim_end()));
    }
    let near = nearest(id, INFOS.iter().map(|rule| rule.id));
    let hint = near.map(|near| format!("did you mean `{near}`?"));
    let hint = hint.unwrap_or_else(|| "`poolgate rules` lists them".to_owned());
    let message = format!("no rule is called `{id}`; {hint}");
    Err(Error::Usage { message })
}

/// The list of rules.
pub(super) fn list(format: ListFormat) -> String {
    match format {
        ListFormat::Text => {
            let mut out = String::new();
            let width = INFOS
                .iter()
                .map(|rule| rule.id.len())
                .max()
                .unwrap_or_default();
            for rule in INFOS.iter() {
                let (id, group, level) = (rule.id, rule.group, rule.level.word());
                let _ = writeln!(
                    out,
                    "{id:<width$}  {group:<11}  {level:<7}  {}",
                    rule.summary
                );
            }
            out
        }
        ListFormat::Json => {
            let rules = INFOS.iter().map(|rule| {
                json!({
                    "id": rule.id,
                    "group": rule.group,
                    "level": rule.level.word(),
                    "summary": rule.summary,
                    "precision": rule.precision.word(),
                })
            });
            let rules: Vec<Value> = rules.collect();
            format!("{:#}\n", json!({ "version": 1, "rules": rules }))
        }
    }
}
