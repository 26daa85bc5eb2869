//! Runs the example as users do: arguments and standard input, output and exit status.

mod common;
mod devices;
mod errors;
mod human;
mod input;
mod json_lines;
mod options;
