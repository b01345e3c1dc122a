//! The binary; everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// What one thread takes another one gives back (events go from the web's threads to the engine's): the system's allocator
/// is slowest at that, and keeps what it was given.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    qunwei::cli::main()
}
