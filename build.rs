//! Rebuilds when an intent file appears or goes: the compiler itself only sees changes to known ones.

fn main() {
    println!("cargo:rerun-if-changed=intents");
}
