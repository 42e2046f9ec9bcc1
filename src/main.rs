//! The `poolgate` command.
use std::process::ExitCode;

/// The analysis allocates many small things on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    poolgate::cli::main(std::env::args_os())
}
