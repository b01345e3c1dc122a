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

# the figures of docs/performance.md taken anew, each a ratio within one run; `just bench ingest` for one of them
bench *names:
    .ci/bench.py {{names}}

# the long forms of the failure tests: thousands of seeds of the simulation, two hundred kills and two hundred power cuts on one data
# directory, fifty backlogs in disorder, every page of a store damaged, a minute of flood, ten minutes of mutations for each reader of what comes from outside
soak:
    QUNWEI_SIM_SEED=$(date +%s) QUNWEI_SIM_SEEDS=5000 cargo test --release --test it sim::whatever -- --nocapture
    QUNWEI_SOAK_KILLS=200 cargo test --release --test it kill -- --nocapture
    QUNWEI_SOAK_CUTS=200 cargo test --release --test it power -- --nocapture
    QUNWEI_SOAK_ROUNDS=50 QUNWEI_SOAK_SEED=$(date +%s) cargo test --release --test it platform_faults -- --nocapture
    QUNWEI_SOAK_PAGES=2000 cargo test --release --test it disk -- --nocapture
    QUNWEI_SOAK_SECONDS=60 cargo test --release --test it overload -- --nocapture
    QUNWEI_SOAK_SECONDS=60 cargo test --release --test it neighbours -- --nocapture
    QUNWEI_FUZZ_SECONDS=600 QUNWEI_SOAK_SEED=$(date +%s) cargo test --release --test it fuzz -- --nocapture

# ten minutes of a coverage-guided fuzzer for each of them (rustup toolchain install nightly; cargo install cargo-fuzz)
fuzz:
    for target in $(cargo +nightly fuzz list); do cargo +nightly fuzz run $target -- -max_total_time=600 || exit 1; done
