//! The machine that devinfra runs on, as far as it matters to a stack: which ports are taken and by
//! whom, and which directories can't be. Looks, and changes nothing.

mod disk;
mod holder;
mod ports;
mod way;

pub use disk::{free_space, owner};
pub use ports::{is_taken, taken_ports};
pub use way::obstacle;
