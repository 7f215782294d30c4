//! Data: what the application is told, what it finds, and how it goes.

mod adopt;
mod bootstrap;
mod hard;
mod reset;
mod variables;
mod world;
