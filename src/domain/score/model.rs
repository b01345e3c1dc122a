//! A model: weights for the features of a text, and where to draw lines. It is kept as a text file: a line that says what it
//! is, a line of JSON that says how it was made, then the weights in base64.

use std::fmt::Write;

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize};

use super::features::{Features, VERSION};
use super::learn::{MOST_CATEGORIES, Odds, binary_logarithm, norm, probability, together};
use crate::domain::case::Span;
use crate::domain::ids::hash;
use crate::domain::text::Text;

/// How a file of a model begins.
const MAGIC: &str = "qunwei score model 2";
/// How it began before there were categories.
const MAGIC_BEFORE: &str = "qunwei score model 1";
/// Characters of base64 in a line.
const WIDTH: usize = 120;
/// Tables have from 2 to the first of these to 2 to the second weights.
const BITS: std::ops::RangeInclusive<u32> = 10..=20;
/// A run is told only if it says at least this much, in hundredths of the logarithm of the odds.
const TELLING: i32 = 5;

/// What a model says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The version of the features it was made for ([`VERSION`]).
    pub features: u32,
    /// Its table has 2 to this power weights.
    pub bits: u32,
    /// It was made from texts in pinyin, for such.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinyin: bool,
    /// What a weight is worth whose root is one step, in the logarithm of the odds.
    pub unit: f32,
    /// The categories of violations that it tells apart; one without a name where it does not.
    #[serde(default = "one_category")]
    pub categories: Vec<String>,
    /// For each of them the logarithm of the odds that a text of which nothing is known is one.
    #[serde(deserialize_with = "one_or_many")]
    pub bias: Vec<f32>,
    /// How many texts it was made from …
    pub texts: u64,
    /// … and how many of them were violations.
    pub violations: u64,
    /// Where lines were drawn, on texts it was not made from; the strictest first.
    pub lines: Vec<Line>,
}

fn one_category() -> Vec<String> {
    vec![String::new()]
}

/// A number is the bias of a model from before there were categories.
fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Bias {
        One(f32),
        Many(Vec<f32>),
    }
    Ok(match Bias::deserialize(from)? {
        Bias::One(bias) => vec![bias],
        Bias::Many(biases) => biases,
    })
}

/// A place to draw the line between what is told and what is not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Of so many in ten thousand ordinary texts it tells falsely.
    pub false_alarms: u32,
    /// The logarithm of the odds from which on a text is told.
    pub odds: f32,
    /// Of how many percent of the violations it tells.
    pub recall: f32,
}

/// A model, ready to be asked.
pub struct Model {
    about: About,
    /// Those of each feature for all categories beside each other, and some zeros: of any feature [`MOST_CATEGORIES`] can be read.
    weights: Box<[i8]>,
    id: u32,
}

/// What is remembered besides a model's weights: what people's decisions have added.
pub trait Besides {
    /// What is added to a feature's weight, in [`STEP`]s of the logarithm of the odds; 0 for most.
    fn of(&self, feature: u32) -> i32;
    /// Whether there is nothing at all.
    fn is_empty(&self) -> bool;
}

/// One step of what decisions add to a weight.
pub const STEP: f32 = 1.0 / 1024.0;

/// Nothing was decided yet.
impl Besides for () {
    fn of(&self, _: u32) -> i32 {
        0
    }
    fn is_empty(&self) -> bool {
        true
    }
}

/// A run of a text that speaks for a violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// As it is written.
    pub text: String,
    /// Its first code point of the original.
    pub start: u32,
    /// One past its last.
    pub end: u32,
    /// How much it says, in hundredths of the logarithm of the odds.
    pub weight: i32,
}

/// What a model says of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scored {
    /// The probability that it is a violation, in millionths.
    pub score: u32,
    /// Which model ([`Model::id`]).
    pub model: u32,
    /// The category that it is most like; empty where the model knows none by name.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub category: String,
    /// How many of its lines, the strictest first, the text does not reach.
    pub band: u8,
    /// The score was right so often in the group that what it finds is a violation.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub strict: bool,
    /// What speaks most for it.
    pub pieces: Vec<Piece>,
}

impl Model {
    /// A model of these weights.
    pub fn new(mut about: About, weights: &[f32]) -> Self {
        let largest = weights.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
        about.unit = (largest / (127.0 * 127.0)).max(f32::MIN_POSITIVE);
        about.features = VERSION;
        // By its root: what is small is many, and must not be rounded away.
        let unit = about.unit;
        let coded = |weight: &f32| (weight.abs() / unit).sqrt().round().copysign(*weight) as i8;
        Self::of_coded(about, weights.iter().map(coded))
    }

    fn of_coded(about: About, weights: impl Iterator<Item = i8>) -> Self {
        let weights = weights.chain([0; MOST_CATEGORIES]).collect();
        Self { id: 0, about, weights }.known()
    }

    fn known(mut self) -> Self {
        let weights = self.encoded();
        self.id = hash(&[&format!("{:?}", (self.about.bits, self.about.unit, &self.about.bias)), &weights]) as u32;
        self
    }

    /// Reads a model from the text of its file.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if !lines.next().map(str::trim).is_some_and(|first| [MAGIC, MAGIC_BEFORE].contains(&first)) {
            return Err(format!("it is no model: its first line is not `{MAGIC}`"));
        }
        let about: About = serde_json::from_str(lines.next().unwrap_or_default())
            .map_err(|error| format!("its second line does not say how it was made: {error}"))?;
        if about.features != VERSION {
            let is = about.features;
            return Err(format!("it was made for features of version {is}, this program has {VERSION}"));
        }
        let lines_are_sound = about.lines.iter().all(|line| line.odds.is_finite() && line.recall.is_finite());
        let categories = about.categories.len();
        let biases_are_sound = about.bias.len() == categories && about.bias.iter().all(|bias| bias.is_finite());
        let sound = BITS.contains(&about.bits) && about.unit.is_finite() && biases_are_sound && lines_are_sound;
        if !sound || !(1..=MOST_CATEGORIES).contains(&categories) {
            return Err("its second line has numbers that no model has".to_owned());
        }
        let coded: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
        let weights = BASE64.decode(coded.as_bytes()).map_err(|error| format!("its weights are damaged: {error}"))?;
        let wanted = categories << about.bits;
        if weights.len() != wanted {
            return Err(format!("it has {} weights, and should have {wanted}", weights.len()));
        }
        Ok(Self::of_coded(about, weights.into_iter().map(u8::cast_signed)))
    }

    /// The text of its file.
    pub fn write(&self) -> String {
        let about = serde_json::to_string(&self.about).unwrap_or_default();
        let mut text = format!("{MAGIC}\n{about}\n");
        for line in self.encoded().as_bytes().chunks(WIDTH) {
            let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
        }
        text
    }

    /// Its weights in base64.
    fn encoded(&self) -> String {
        let own = self.weights.len() - MOST_CATEGORIES;
        let bytes: Vec<u8> = self.weights.iter().take(own).map(|weight| weight.cast_unsigned()).collect();
        BASE64.encode(&bytes)
    }

    /// What it says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Says where lines are.
    pub fn draw(&mut self, lines: Vec<Line>) {
        self.about.lines = lines;
    }

    /// By which it is known from others.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The logarithm of the odds from which on a text is told when no more than so many in ten thousand ordinary texts may
    /// be told, between two lines in proportion; `None` when it has no line that is strict enough.
    pub fn line(&self, false_alarms: u32) -> Option<f32> {
        let lines = &self.about.lines;
        let at_most = lines.iter().filter(|line| line.false_alarms <= false_alarms);
        let strict = at_most.max_by_key(|line| line.false_alarms)?;
        let Some(loose) =
            lines.iter().filter(|line| line.false_alarms > false_alarms).min_by_key(|line| line.false_alarms)
        else {
            return Some(strict.odds);
        };
        let far = |number: u32| binary_logarithm(number as f32 / strict.false_alarms as f32);
        Some(strict.odds + (loose.odds - strict.odds) * far(false_alarms) / far(loose.false_alarms))
    }

    /// The weights of a feature for each category. Behind them stand those of other features: to read as many of each is quicker than
    /// to count.
    #[inline]
    fn of(&self, feature: u32) -> [i32; MOST_CATEGORIES] {
        let at = (feature >> (32 - self.about.bits)) as usize * self.about.bias.len();
        let coded = self.weights.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; MOST_CATEGORIES]);
        coded.map(|coded| i32::from(i16::from(coded) * i16::from(coded).abs()))
    }

    #[inline]
    fn add(&self, feature: u32, sums: &mut [i32; MOST_CATEGORIES]) {
        sums.iter_mut().zip(self.of(feature)).for_each(|(sum, weight)| *sum += weight);
    }

    /// The logarithms of the odds of each category, by the sums of weights of so many features.
    fn each(&self, sums: [i32; MOST_CATEGORIES], count: usize) -> Odds {
        let mut odds = Odds::default();
        for ((odds, sum), bias) in odds.iter_mut().zip(sums).zip(&self.about.bias) {
            *odds = bias + sum as f32 * self.about.unit * norm(count);
        }
        odds
    }

    /// The same of a text that has these features.
    fn each_of(&self, list: &[u32]) -> Odds {
        let mut sums = [0; MOST_CATEGORIES];
        list.iter().for_each(|feature| self.add(*feature, &mut sums));
        self.each(sums, list.len())
    }

    /// The logarithm of the odds that a text is a violation.
    pub fn odds(&self, text: &Text, features: &mut Features, besides: &impl Besides) -> f32 {
        let list = features.list(text);
        let odds = together(self.each_of(list).get(..self.about.bias.len()).unwrap_or_default());
        if besides.is_empty() {
            return odds;
        }
        let added = list.iter().fold(0_i32, |added, feature| added.saturating_add(besides.of(*feature)));
        odds + added as f32 * STEP * norm(list.len())
    }

    /// The number of the category that a text is most probably of, if it is a violation.
    fn likeliest(&self, text: &Text, features: &mut Features) -> usize {
        let odds = self.each_of(features.list(text));
        let numbered = (0..self.about.bias.len()).zip(odds);
        numbered.max_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(category, _)| category)
    }

    /// The category that a text is most like, and the runs that speak most for it, the strongest first; those that lie in a stronger
    /// one are left out.
    pub fn why(&self, text: &Text, features: &mut Features, besides: &impl Besides, most: usize) -> (&str, Vec<Piece>) {
        let mut runs: Vec<(Span, f32)> = Vec::new();
        let category = self.likeliest(text, features);
        let mut count = 0;
        let whole = text.whole();
        features.each(text, |feature, span| {
            count += 1;
            if span != whole || whole.end - whole.start <= 3 {
                let weight = self.of(feature).get(category).copied().unwrap_or_default() as f32 * self.about.unit;
                let weight = weight + besides.of(feature) as f32 * STEP;
                runs.push((span, weight));
            }
        });
        let scale = norm(count) * 100.0;
        runs.sort_by_key(|(span, _)| *span);
        // The same run is there in several views: together they say what it says.
        let joined = runs.chunk_by(|(a, _), (b, _)| a == b).filter_map(|same| {
            let weight: f32 = same.iter().map(|(_, weight)| weight).sum();
            let weight = (weight * scale).round() as i32;
            (weight >= TELLING).then_some((same.first()?.0, weight))
        });
        let mut joined: Vec<(Span, i32)> = joined.collect();
        joined.sort_by_key(|(span, weight)| (std::cmp::Reverse(*weight), *span));
        let mut pieces: Vec<Piece> = Vec::new();
        for (Span { start, end }, weight) in joined {
            let apart = pieces.iter().all(|piece| end <= piece.start || piece.end <= start);
            let text = text.slice(Span { start, end });
            if pieces.len() < most && apart && text.contains(char::is_alphanumeric) {
                pieces.push(Piece { text: text.to_owned(), start, end, weight });
            }
        }
        (self.about.categories.get(category).map_or("", String::as_str), pieces)
    }
}

/// What people are shown: the probability, in millionths.
pub fn millionths(odds: f32) -> u32 {
    (probability(odds) * 1e6).round() as u32
}
