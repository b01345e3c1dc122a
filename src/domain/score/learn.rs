//! Logistic regression by stochastic gradients, the same on every machine: the order of the rows is drawn from a
//! fixed seed, and nothing depends on the mathematics library of the system.

/// A labelled text: its features, and whether it is a violation.
pub struct Row {
    /// The features, sorted, each as often as it is there.
    pub features: Box<[u32]>,
    /// Whether it is a violation.
    pub bad: bool,
    /// How much it counts.
    pub weight: f32,
}

/// How a model is made.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// The table has 2 to this power weights.
    pub bits: u32,
    /// How often each row is looked at.
    pub rounds: u32,
    /// How large the steps are.
    pub rate: f32,
    /// How strongly weights are drawn to zero.
    pub decay: f32,
}

impl How {
    /// What did best on most sets of messages (docs/score.md).
    pub const USUAL: Self = Self { bits: 18, rounds: 24, rate: 5.0, decay: 0.0 };
}

/// By how much less each further round moves the weights.
const COOLING: f32 = 0.3;

/// Makes a model from rows.
pub struct Learner {
    how: How,
    weights: Vec<f32>,
    /// How fast each weight moves: what is rare moves faster.
    paces: Vec<f32>,
    bias: f32,
    /// The sum of the squares of what moved the bias.
    bias_moved: f32,
}

impl Learner {
    /// Knows nothing.
    pub fn new(how: How) -> Self {
        let size = 1 << how.bits;
        Self { how, weights: vec![0.0; size], paces: vec![0.0; size], bias: 0.0, bias_moved: 0.0 }
    }

    /// Learns all rows.
    pub fn learn(&mut self, rows: &[Row]) {
        self.set_paces(rows);
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        let mut dice = 0x2545_F491_4F6C_DD1D_u64;
        for round in 0..self.how.rounds {
            for last in (1..order.len()).rev() {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                order.swap(last, (dice % (last as u64 + 1)) as usize);
            }
            let rate = self.how.rate / (1.0 + COOLING * round as f32);
            for row in order.iter().filter_map(|at| rows.get(*at as usize)) {
                self.step(row, rate);
            }
        }
    }

    fn set_paces(&mut self, rows: &[Row]) {
        let mut counts = vec![0_u32; self.paces.len()];
        for feature in rows.iter().flat_map(|row| &row.features) {
            if let Some(count) = counts.get_mut(self.place(*feature)) {
                *count += 1;
            }
        }
        for (pace, count) in self.paces.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
            *pace = 0.2 + 0.14 * binary_logarithm(rows.len() as f32 / count as f32);
        }
    }

    fn place(&self, feature: u32) -> usize {
        (feature >> (32 - self.how.bits)) as usize
    }

    fn step(&mut self, row: &Row, rate: f32) {
        let wanted = f32::from(u8::from(row.bad));
        let error = (probability(self.odds(&row.features)) - wanted) * row.weight;
        let slope = error * norm(row.features.len());
        for feature in &row.features {
            let at = self.place(*feature);
            if let (Some(weight), Some(pace)) = (self.weights.get_mut(at), self.paces.get(at)) {
                *weight -= rate * (slope * pace + self.how.decay * *weight);
            }
        }
        self.bias_moved += error * error;
        self.bias -= self.how.rate * error / (self.bias_moved.sqrt() + 1e-6);
    }

    /// The logarithm of the odds that it is a violation.
    pub fn odds(&self, features: &[u32]) -> f32 {
        let sum: f32 = features.iter().filter_map(|feature| self.weights.get(self.place(*feature))).sum();
        self.bias + sum * norm(features.len())
    }

    /// Its weights and bias.
    pub fn into_parts(self) -> (Vec<f32>, f32) {
        (self.weights, self.bias)
    }
}

/// Long texts have more features; each counts less.
pub(super) fn norm(features: usize) -> f32 {
    1.0 / (features.max(1) as f32).sqrt()
}

/// The probability with these odds, of which the logarithm is given.
pub fn probability(odds: f32) -> f32 {
    1.0 / (1.0 + exp(-odds))
}

/// The logarithm to base 2, linear between its whole values.
pub(super) fn binary_logarithm(x: f32) -> f32 {
    let whole = (x.max(1.0) as u32).ilog2();
    whole as f32 + x / (1_u32 << whole) as f32 - 1.0
}

/// eˣ within 10⁻⁶ of itself, by operations that every machine rounds alike.
fn exp(x: f32) -> f32 {
    let x = f64::from(x.clamp(-80.0, 80.0)) * std::f64::consts::LOG2_E;
    let whole = x.floor();
    let rest = (x - whole) * std::f64::consts::LN_2;
    let series = [5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0].iter().fold(0.0, |sum, factor| sum * rest + 1.0 / factor);
    let fraction = series * rest + 1.0;
    (fraction * f64::from_bits(((whole as i64 + 1023) as u64) << 52)) as f32
}
