//! The command line: arguments in, reports out, and the exit status.
//!
//! Exit status: 0 nothing at or above `--fail-on`; 1 findings; 2 the gate could not do its work.
mod args;
mod bar;
mod check;
mod debug;
mod output;
mod rules;

use self::args::{Cli, Command};
use crate::error::Error;
use clap::{CommandFactory, Parser};
use std::any::Any;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    Findings,
}

/// Runs the command that the arguments name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; a reader that has gone away is no mistake.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match guarded(|| run(cli.command)) {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Err(error) => {
            output::complain(&error.to_string());
            ExitCode::from(2)
        }
    }
}

/// Where and why the last panic was. The hook sees the place, `catch_unwind` does not.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// A panic, on whatever thread, is a bug in one line and not a page of backtrace.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    panic::set_hook(Box::new(|info| {
        let mut last = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        last.get_or_insert_with(|| described(info));
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let mut last = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        let cause = last.take().unwrap_or_else(|| "unknown".to_owned());
        Err(Error::Internal { cause })
    });
    let _ = panic::take_hook();
    result
}

fn described(info: &PanicHookInfo) -> String {
    let payload: &dyn Any = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let line = text.unwrap_or("panic").lines().next().unwrap_or_default();
    info.location()
        .map_or_else(|| line.to_owned(), |place| format!("{line} ({place})"))
}

fn run(command: Command) -> Result<Verdict, Error> {
    match command {
        Command::Check(arguments) => return check::run(&arguments),
        Command::Explain { rule } => output::print(&rules::page(&rule)?)?,
        Command::Rules { format } => output::print(&rules::list(format))?,
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "poolgate", &mut out);
            output::print(&String::from_utf8_lossy(&out))?;
        }
        Command::Man => output::print(&man()?)?,
        Command::Debug { what } => debug::run(what)?,
    }
    Ok(Verdict::Clean)
}

/// The manual page of the program and of each command, one after the other.
fn man() -> Result<String, Error> {
    let mut out = Vec::new();
    let mut command = Cli::command();
    command.build();
    let pages = std::iter::once(&command).chain(command.get_subcommands());
    for page in pages.filter(|page| !page.is_hide_set() && page.get_name() != "help") {
        let rendered = clap_mangen::Man::new(page.clone()).render(&mut out);
        rendered.map_err(|cause| Error::Output { cause })?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_any_thread_is_one_line() {
        let error = guarded(|| {
            rayon::join(|| (), || panic!("odd\nthing"));
            Ok(())
        });
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("internal error: odd (src/cli/mod.rs:"),
            "{error}"
        );
        assert!(error.contains("please report it at https://"), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
