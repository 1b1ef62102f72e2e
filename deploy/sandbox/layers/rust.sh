# Rust: rustup's stable toolchain where its server can be reached, else the newest of Debian's that runs here.
install build-essential cmake pkg-config libssl-dev libclang-dev protobuf-compiler zlib1g-dev curl
if timeout 20 curl -fsS -o /dev/null https://static.rust-lang.org/rustup/release-stable.toml; then
    install rustup
    export RUSTUP_HOME=/opt/rust CARGO_HOME=/opt/cargo
    rustup toolchain install --no-self-update --profile minimal stable >/dev/null
    for tool in cargo rustc rustdoc; do ln -sf /opt/rust/toolchains/stable-*/bin/$tool "/usr/local/bin/$tool"; done
else
    install rustc cargo
fi
