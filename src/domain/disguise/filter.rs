//! What tells soonest that no key begins so: most places of most texts are done with here.

/// Sets of hashes of the first codes of keys. They may say yes to what was not put in, never no to what was.
#[derive(Default)]
pub(super) struct Filter {
    /// The keys of two codes.
    pairs: Hashes,
    /// The first two codes of longer keys, by how long these are at least.
    begun: [Hashes; LENGTHS],
    /// The first three codes, likewise.
    triples: [Hashes; LENGTHS],
}

/// Keys of three codes and more, of four and more, of five and more.
const LENGTHS: usize = 3;

/// A hash of the first codes of a key, as they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Begun(u32);

impl Begun {
    /// None yet.
    pub(super) const NOTHING: Self = Self(0x811C_9DC5);

    /// With one code more.
    #[inline]
    pub(super) fn and(self, code: u32) -> Self {
        let mixed = (self.0 ^ code).wrapping_mul(0x9E37_79B1);
        Self(mixed ^ mixed >> 15)
    }

    /// Its first bits, without so many of the last ones.
    #[inline]
    pub(super) fn row(self, shift: u32) -> usize {
        (self.0 >> shift) as usize
    }
}

impl Filter {
    pub(super) fn of<'a, T: Copy + Into<u32> + 'a>(keys: impl Iterator<Item = &'a [T]>) -> Self {
        let mut pairs = Vec::new();
        let (mut begun, mut triples) = ([const { Vec::new() }; LENGTHS], [const { Vec::new() }; LENGTHS]);
        for key in keys {
            let [first, second, rest @ ..] = key else { continue };
            let pair = Begun::NOTHING.and((*first).into()).and((*second).into());
            let Some(third) = rest.first() else {
                pairs.push(pair);
                continue;
            };
            for at in 0..rest.len().min(LENGTHS) {
                begun[at].push(pair);
                triples[at].push(pair.and((*third).into()));
            }
        }
        let of = |all: Vec<Begun>| Hashes::of(&all);
        Self { pairs: of(pairs), begun: begun.map(of), triples: triples.map(of) }
    }

    /// Whether a key may be these two codes.
    #[inline]
    pub(super) fn is_pair(&self, pair: Begun) -> bool {
        self.pairs.has(pair)
    }

    /// Whether a key of at least so many codes, three or more, may begin with these two.
    #[inline]
    pub(super) fn begins_with_two(&self, pair: Begun, length: u32) -> bool {
        self.begun[which(length)].has(pair)
    }

    /// Whether one may begin with these three.
    #[inline]
    pub(super) fn begins_with_three(&self, triple: Begun, length: u32) -> bool {
        self.triples[which(length)].has(triple)
    }
}

#[inline]
fn which(length: u32) -> usize {
    (length as usize).clamp(3, 2 + LENGTHS) - 3
}

/// A set of hashes, a bit for each.
#[derive(Default)]
pub(super) struct Hashes {
    bits: Box<[u64]>,
    shift: u32,
}

impl Hashes {
    /// Of these; each may be there more than once. How many differ is counted in a set that has room for all: sorting takes longer.
    pub(super) fn of(all: &[Begun]) -> Self {
        let room = Self::with_bits(all, size(all.len() * BITS_EACH));
        let different = room.bits.iter().map(|bits| bits.count_ones() as usize).sum::<usize>();
        let enough = size(different * BITS_EACH);
        if enough < room.bits.len() * 64 { Self::with_bits(all, enough) } else { room }
    }

    fn with_bits(all: &[Begun], size: usize) -> Self {
        let mut hashes = Self { bits: vec![0; size / 64].into(), shift: 32 - size.trailing_zeros() };
        for one in all {
            let at = hashes.at(*one);
            hashes.bits[at / 64] |= 1 << (at % 64);
        }
        hashes
    }

    #[inline]
    fn at(&self, one: Begun) -> usize {
        one.row(self.shift)
    }

    #[inline]
    pub(super) fn has(&self, one: Begun) -> bool {
        let at = self.at(one);
        self.bits.get(at / 64).is_some_and(|bits| bits & 1 << (at % 64) != 0)
    }
}

/// How many bits a set takes that should have so many.
fn size(bits: usize) -> usize {
    bits.next_power_of_two().clamp(64, MOST_BITS)
}

/// So few of the bits are set that hardly one in ten says yes by chance.
const BITS_EACH: usize = 8;
/// 512 KB: as much as stays near a core.
const MOST_BITS: usize = 1 << 22;
