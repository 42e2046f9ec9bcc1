//! Text to [`Config`].
use super::{Check, Config, Database, FailOn, Job, Library, Patterns, Service, Surge, line_of};
use crate::error::Error;
use crate::finding::{RuleInfo, nearest};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// Which file a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `poolgate.toml`: the tables stand at the top.
    Own,
    /// `pyproject.toml`: the tables stand in `[tool.poolgate]`.
    Pyproject,
}

/// Reads a configuration; `None` for a `pyproject.toml` that says nothing about poolgate.
pub fn parse(
    text: &str,
    path: &str,
    form: Form,
    rules: &[RuleInfo],
) -> Result<Option<Config>, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let newlines = memchr::memchr_iter(b'\n', text.as_bytes());
    let reader = Reader {
        path,
        line_starts: std::iter::once(0)
            .chain(newlines.map(|at| at + 1))
            .collect(),
        rules,
    };
    let document = match form {
        Form::Own => toml::from_str::<Document>(text).map(Some),
        Form::Pyproject => toml::from_str::<Pyproject>(text).map(|file| file.tool.poolgate),
    };
    match document {
        Ok(Some(document)) => reader.config(document).map(Some),
        Ok(None) => Ok(None),
        Err(cause) => {
            let start = cause.span().map_or(0, |span| span.start);
            Err(reader.error(start, explained(cause.message())))
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pyproject {
    tool: Tool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    poolgate: Option<Document>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    database: BTreeMap<String, Database>,
    service: BTreeMap<String, Service>,
    job: BTreeMap<String, Job>,
    check: CheckTable,
    library: Vec<Spanned<toml::Table>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct CheckTable {
    select: Vec<Spanned<String>>,
    ignore: Vec<Spanned<String>>,
    exclude: Vec<Spanned<String>>,
    include_tests: bool,
    fail_on: Option<FailOn>,
    per_file_ignores: BTreeMap<String, Spanned<Vec<Spanned<String>>>>,
}

struct Reader<'a> {
    path: &'a str,
    line_starts: Vec<usize>,
    rules: &'a [RuleInfo],
}

impl Reader<'_> {
    fn config(&self, document: Document) -> Result<Config, Error> {
        let library = |entry: Spanned<toml::Table>| Library {
            line: line_of(&self.line_starts, entry.span().start),
            table: entry.into_inner(),
        };
        Ok(Config {
            path: self.path.to_owned(),
            databases: document.database,
            services: document.service,
            jobs: document.job,
            check: self.check(&document.check)?,
            libraries: document.library.into_iter().map(library).collect(),
            line_starts: self.line_starts.clone(),
            ..Config::default()
        })
    }

    fn check(&self, table: &CheckTable) -> Result<Check, Error> {
        let patterns = table
            .exclude
            .iter()
            .map(|pattern| pattern.get_ref().as_str());
        let exclude = Patterns::new(patterns).map_err(|(index, cause)| {
            let at = table.exclude.get(index).map_or(0, |it| it.span().start);
            self.error(at, format!("not a pattern: {cause}"))
        })?;
        let mut per_file_ignores = Vec::new();
        for (pattern, names) in &table.per_file_ignores {
            let files = Patterns::new([pattern.as_str()]).map_err(|(_, cause)| {
                self.error(names.span().start, format!("not a pattern: {cause}"))
            })?;
            per_file_ignores.push((files, self.rule_names(names.get_ref())?));
        }
        Ok(Check {
            select: self.rule_names(&table.select)?,
            ignore: self.rule_names(&table.ignore)?,
            exclude: exclude.into(),
            include_tests: table.include_tests,
            fail_on: table.fail_on,
            per_file_ignores,
        })
    }

    fn rule_names(&self, names: &[Spanned<String>]) -> Result<Vec<String>, Error> {
        for name in names {
            if let Some(message) = unknown_rule(name.get_ref(), self.rules) {
                return Err(self.error(name.span().start, message));
            }
        }
        Ok(names.iter().map(|name| name.get_ref().clone()).collect())
    }

    fn error(&self, offset: usize, message: String) -> Error {
        Error::Config {
            path: self.path.to_owned(),
            line: line_of(&self.line_starts, offset),
            message,
        }
    }
}

/// What to say of a name that is neither a rule nor a group; `None` for one that is.
pub(crate) fn unknown_rule(name: &str, rules: &[RuleInfo]) -> Option<String> {
    let names = rules.iter().flat_map(|rule| [rule.id, rule.group]);
    if names.clone().any(|known| known == name) {
        return None;
    }
    let hint = nearest(name, names).map(|near| format!("; did you mean `{near}`?"));
    let hint = hint.unwrap_or_else(|| "; `poolgate rules` lists them".to_owned());
    Some(format!("no rule or group is called `{name}`{hint}"))
}

/// One line out of what serde says. It names an unknown word first and all valid ones after it, each in
/// backquotes: the structs above stay the only list of keys.
fn explained(message: &str) -> String {
    let line = message.lines().collect::<Vec<_>>().join(" ");
    let mut words = line.split('`').skip(1).step_by(2);
    let is_unknown = line.starts_with("unknown field") || line.starts_with("unknown variant");
    if !is_unknown {
        return line;
    }
    let kind = if line.starts_with("unknown field") {
        "key"
    } else {
        "value"
    };
    let Some(word) = words.next() else {
        return line;
    };
    let valid: Vec<&str> = words.collect();
    match nearest(word, valid.iter().copied()) {
        Some(near) => format!("unknown {kind} `{word}`; did you mean `{near}`?"),
        None => format!("unknown {kind} `{word}`; valid here: {}", valid.join(", ")),
    }
}

impl<'de> Deserialize<'de> for Surge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SurgeVisitor)
    }
}

struct SurgeVisitor;

impl Visitor<'_> for SurgeVisitor {
    type Value = Surge;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a number of instances, or a share such as \"25%\"")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Surge, E> {
        let wrong = || E::invalid_value(de::Unexpected::Signed(value), &self);
        u32::try_from(value)
            .map(Surge::Instances)
            .map_err(|_| wrong())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Surge, E> {
        let wrong = || E::invalid_value(de::Unexpected::Str(value), &self);
        match value.strip_suffix('%') {
            Some(share) => share.trim_end().parse().map(Surge::Percent),
            None => value.parse().map(Surge::Instances),
        }
        .map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::*;
    use crate::finding::{Level, Precision};

    const RULES: &[RuleInfo] = &[RuleInfo {
        id: "unreleased-client",
        group: "leak",
        level: Level::Error,
        summary: "",
        page: "",
        precision: Precision::High,
    }];

    fn own(text: &str) -> Result<Config, String> {
        let config = parse(text, "poolgate.toml", Form::Own, RULES);
        config
            .map(Option::unwrap_or_default)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_of_the_contract_is_read() {
        let text = include_str!("../../tests/config/full.toml");
        let config = own(text).unwrap();
        let main = &config.databases["main"];
        assert_eq!(main.dialect, Some(Dialect::Postgresql));
        let max = main.max_connections.as_ref().unwrap();
        assert_eq!((*max.get_ref(), config.line(max)), (500, 3));
        assert_eq!(*main.rows["ledger_entries"].get_ref(), 12_000_000);
        let service = &config.services["payment-svc"];
        let surge = service.rollout_surge.as_ref().unwrap();
        assert_eq!(*surge.get_ref(), Surge::Percent(25));
        let seconds = config.jobs["settlement"].seconds.as_ref().unwrap();
        assert!((seconds.get_ref() - 2.4).abs() < 1e-9);
        assert!(config.excludes("vendor/x.js") && !config.excludes("src/x.js"));
        assert!(config.is_ignored_in("scripts/a.py", "unreleased-client", "leak"));
        assert!(!config.is_ignored_in("src/a.py", "unreleased-client", "leak"));
        assert_eq!((config.libraries.len(), config.libraries[0].line), (1, 29));
    }

    #[test]
    fn mistakes_name_the_line_and_what_was_meant() {
        let cases = [
            (
                "[chek]",
                "poolgate.toml:1: unknown key `chek`; did you mean `check`?",
            ),
            (
                "[database.main]\n\nmax_connection = 5",
                "poolgate.toml:3: unknown key `max_connection`; did you mean `max-connections`?",
            ),
            (
                "[check]\nignore = [\n  \"unreleased-cleint\",\n]",
                "poolgate.toml:3: no rule or group is called `unreleased-cleint`; did you mean `unreleased-client`?",
            ),
            (
                "[database.a]\ndialect = \"postgres\"",
                "poolgate.toml:2: unknown value `postgres`; did you mean `postgresql`?",
            ),
            (
                "[service.a]\nrollout-surge = \"many\"",
                "poolgate.toml:2: invalid value: string \"many\", expected a number of instances, or a share such as \"25%\"",
            ),
            (
                "[database.a]\nmax-connections = \"5\"",
                "poolgate.toml:2: invalid type: string \"5\", expected u32",
            ),
            (
                "[check]\nexclude = [\"a\", \"[z-a]\"]",
                "poolgate.toml:2: not a pattern: ",
            ),
            ("[check\n", "poolgate.toml:1: "),
        ];
        for (text, expected) in cases {
            let error = own(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn pyproject_keeps_other_tools_to_themselves() {
        let parse = |text| parse(text, "pyproject.toml", Form::Pyproject, RULES);
        assert!(
            parse("[tool.ruff]\nx = 1\n[project]\nname = \"a\"")
                .unwrap()
                .is_none()
        );
        let found = parse("[tool.poolgate.check]\ninclude-tests = true").unwrap();
        assert!(found.unwrap().check.include_tests);
        let error = parse("[tool.poolgate]\ncheks = 1")
            .err()
            .map(|error| error.to_string());
        let expected = "pyproject.toml:2: unknown key `cheks`; did you mean `check`?";
        assert_eq!(error.as_deref(), Some(expected));
    }
}
