//! The binary; everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// What one thread takes another one gives back (events go from the web's threads to the engine's): the system's allocator
/// is slowest at that, and keeps what it was given. Version 2, without huge pages (see `Cargo.toml`): version 3 gives memory
/// back only after a second, and a huge page is resident whole when a hundredth of it is used.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    qunwei::cli::main()
}
