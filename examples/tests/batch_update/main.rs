//! The example as its users meet it: arguments and standard input, output and exit status.

mod common;
mod line_format;
mod options;
mod people;
