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

# the long forms of the failure tests: kill -9 two hundred times
soak:
    QUNWEI_SOAK_KILLS=200 cargo test --release --test it kill -- --nocapture
