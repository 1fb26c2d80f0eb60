//! Run the program, and leave with its exit code.

fn main() -> std::process::ExitCode {
    streamflow::command::main()
}
