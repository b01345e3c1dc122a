//! Logistic regression by stochastic gradients, the same on every machine: the order of the rows is drawn from a
//! fixed seed, and nothing depends on the mathematics library of the system.

/// A labelled text: its features, and what kind of violation it is.
pub struct Row {
    /// The features, sorted, each as often as it is there.
    pub features: Box<[u32]>,
    /// The number of its category, from 0, where it is a violation.
    pub category: Option<u8>,
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

/// More categories are not told apart.
pub const MOST_CATEGORIES: usize = 8;

/// For each category the logarithm of the odds that a text is one of it and not ordinary; those beyond the last are not used.
pub(super) type Odds = [f32; MOST_CATEGORIES];

/// Makes a model from rows.
pub struct Learner {
    how: How,
    /// Those of each feature for all categories beside each other.
    weights: Vec<f32>,
    /// How fast the weights of each feature move: what is rare moves faster.
    paces: Vec<f32>,
    biases: Vec<f32>,
    /// The sums of the squares of what moved the biases.
    moved: Vec<f32>,
}

impl Learner {
    /// Knows nothing, and will be told of so many categories, up to [`MOST_CATEGORIES`].
    pub fn new(how: How, categories: usize) -> Self {
        let (size, each) = (1 << how.bits, || vec![0.0; categories]);
        Self { how, weights: vec![0.0; size * categories], paces: vec![0.0; size], biases: each(), moved: each() }
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
        let mut errors = self.each(&row.features);
        probabilities(errors.get_mut(..self.biases.len()).unwrap_or_default());
        if let Some(wanted) = row.category.and_then(|category| errors.get_mut(usize::from(category))) {
            *wanted -= 1.0;
        }
        errors.iter_mut().for_each(|error| *error *= row.weight);
        let scale = norm(row.features.len());
        for feature in &row.features {
            let at = self.place(*feature);
            let pace = self.paces.get(at).copied().unwrap_or_default();
            let weights = self.weights.get_mut(at * self.biases.len()..).unwrap_or_default();
            for (weight, error) in weights.iter_mut().zip(errors).take(self.biases.len()) {
                *weight -= rate * (error * scale * pace + self.how.decay * *weight);
            }
        }
        for ((bias, moved), error) in self.biases.iter_mut().zip(&mut self.moved).zip(errors) {
            *moved += error * error;
            *bias -= self.how.rate * error / (moved.sqrt() + 1e-6);
        }
    }

    fn each(&self, features: &[u32]) -> Odds {
        let mut sums = Odds::default();
        for feature in features {
            let weights = self.weights.get(self.place(*feature) * self.biases.len()..).unwrap_or_default();
            sums.iter_mut().zip(weights).take(self.biases.len()).for_each(|(sum, weight)| *sum += weight);
        }
        let scale = norm(features.len());
        sums.iter_mut().zip(&self.biases).for_each(|(sum, bias)| *sum = *sum * scale + bias);
        sums
    }

    /// The logarithm of the odds that it is a violation.
    pub fn odds(&self, features: &[u32]) -> f32 {
        together(self.each(features).get(..self.biases.len()).unwrap_or_default())
    }

    /// Its weights and the biases of its categories.
    pub fn into_parts(self) -> (Vec<f32>, Vec<f32>) {
        (self.weights, self.biases)
    }
}

/// The logarithm of the odds that a text is a violation of any category, by that of each.
pub(super) fn together(odds: &[f32]) -> f32 {
    let most = odds.iter().fold(f32::MIN, |most, one| most.max(*one));
    most + logarithm(odds.iter().map(|one| exp(one - most)).sum())
}

/// Makes the probability of each category of the logarithm of its odds; what is left is that of no violation.
fn probabilities(odds: &mut [f32]) {
    let most = odds.iter().fold(0.0_f32, |most, one| most.max(*one));
    odds.iter_mut().for_each(|one| *one = exp(*one - most));
    let all = exp(-most) + odds.iter().sum::<f32>();
    odds.iter_mut().for_each(|one| *one /= all);
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

/// The natural logarithm of a number from 1 to some ten, by operations that every machine rounds alike.
fn logarithm(x: f32) -> f32 {
    // Newton's method: each step doubles the digits that are right.
    let first = binary_logarithm(x) * std::f32::consts::LN_2;
    (0..3).fold(first, |y, _| y + x * exp(-y) - 1.0)
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
