# `just` lists these. CI runs `.ci/run`; everything here is a shorthand.

# everything CI runs
ci:
    .ci/run

# the scene of the README
scene:
    cargo run -- replay --format human scenes/first-day.jsonl

# the playground
demo:
    cargo run -- demo

# the pictures of the README, taken anew by the browser's tests (apt-get install chromium chromium-driver fonts-noto-cjk pngquant)
pictures:
    QUNWEI_PICTURES=docs cargo test --test it browser
    pngquant --force --ext .png --strip docs/playground-*.png

# all tests
test:
    cargo test

# the benches of the README; each prints ratios taken in one run
bench:
    cargo bench --bench judge
    cargo bench --bench ingest
    cargo bench --bench memory
    cargo bench --bench history
    cargo bench --bench callback
    cargo bench --bench shipped

# the long forms of the failure tests: kill -9 two hundred times, ten minutes of mutations for each reader of what comes from outside
soak:
    QUNWEI_SOAK_KILLS=200 cargo test --release --test it kill -- --nocapture
    QUNWEI_FUZZ_SECONDS=600 QUNWEI_SOAK_SEED=$(date +%s) cargo test --release --test it fuzz -- --nocapture

# ten minutes of a coverage-guided fuzzer for each of them (rustup toolchain install nightly; cargo install cargo-fuzz)
fuzz:
    for target in $(cargo +nightly fuzz list); do cargo +nightly fuzz run $target -- -max_total_time=600 || exit 1; done
