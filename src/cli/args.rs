//! What may be written on the command line.
use crate::config::FailOn;
use crate::report::Format;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds, before the deploy, what exhausts a database's connections after it
#[derive(Debug, Parser)]
#[command(
    name = "poolgate",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Analyses the paths as one project and reports what it finds
    #[command(after_help = EXIT_STATUS)]
    Check(Box<CheckArgs>),
    /// Shows a rule's page
    Explain {
        /// The rule's id
        rule: String,
    },
    /// Lists the rules
    Rules {
        /// How the list is written
        #[arg(long, value_enum, default_value_t = ListFormat::Text)]
        format: ListFormat,
    },
    /// Writes a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Writes the manual page
    Man,
    /// Shows what the analysis sees
    #[command(hide = true)]
    Debug {
        #[command(subcommand)]
        what: Debug,
    },
}

const EXIT_STATUS: &str =
    "Exit status: 0 nothing at or above --fail-on, 1 findings, 2 could not check.";

#[derive(Debug, Subcommand)]
pub(super) enum Debug {
    /// The intermediate form of a file
    Ir {
        /// The file
        file: PathBuf,
    },
}

/// The form of a list of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files and folders to analyse; `-` reads a file from standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// The report's format, repeatable; FORMAT=FILE writes it to a file [default: text, in GitHub Actions: github]
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = OutputParser, hide_possible_values = true, long_help = FORMATS)]
    pub(super) format: Vec<Output>,
    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The lowest level that fails the gate [default: warning]
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub(super) fail_on: Option<FailOn>,
    /// Report only these rules or groups
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Do not report these rules or groups
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
    /// The configuration [default: poolgate.toml or pyproject.toml in the first path or above it]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The name of the file that comes from standard input
    #[arg(long, value_name = "NAME")]
    pub(super) stdin_filename: Option<PathBuf>,
    /// Show findings that comments suppress, too
    #[arg(long)]
    pub(super) show_suppressed: bool,
    /// Show how often each rule was hit instead of the findings
    #[arg(long)]
    pub(super) statistics: bool,
    #[command(flatten)]
    pub(super) manner: Manner,
}

const FORMATS: &str =
    "The report's format, repeatable: text, sarif, json or github. FORMAT=FILE writes it to a file.

Without the option it is text, and github in a job of GitHub Actions.";

/// How the work is done, not what it says.
#[derive(Debug, Args)]
pub(super) struct Manner {
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Use no cache (there is none; for scripts that ask for it)
    #[arg(long)]
    pub(super) no_cache: bool,
    /// Write nothing but the report
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say what is read and what is left out
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// When text is coloured
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(super) color: When,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// When a terminal shows it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: Format,
    /// Where to; `None` is standard output, or what `--output` says.
    pub(super) file: Option<PathBuf>,
}

#[derive(Clone)]
struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Output, clap::Error> {
        let text = value.to_string_lossy();
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text.as_ref(), None),
        };
        let has_place = file
            .as_ref()
            .is_none_or(|file| !file.as_os_str().is_empty());
        if let (Ok(format), true) = (Format::from_str(name, false), has_place) {
            return Ok(Output { format, file });
        }
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        if let Some(argument) = argument {
            error.insert(
                ContextKind::InvalidArg,
                ContextValue::String(argument.to_string()),
            );
        }
        error.insert(
            ContextKind::InvalidValue,
            ContextValue::String(text.into_owned()),
        );
        let names = formats()
            .map(|format| format.get_name().to_owned())
            .collect();
        error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(formats()))
    }
}

fn formats() -> impl Iterator<Item = PossibleValue> {
    Format::value_variants()
        .iter()
        .filter_map(Format::to_possible_value)
}
