//! Letters and digits in disguise that compatibility decomposition (NFKC) leaves as they are. Each row: the disguises, and
//! what they stand for at the same place.

/// Single characters that stand for single characters.
pub(super) const PAIRS: &[(&str, &str)] = &[
    // Cyrillic and its relatives.
    ("АВЕЗІЈКМНОРЅТУХ", "abe3ijkmhopstyx"),
    ("авезіјкмнорсѕтухһԁԛԝѵь", "abe3ijkmhopcstyxhdqwvb"),
    ("СҮҺԀԚԜѴ", "cyhdqwv"),
    ("үӏҏ", "ylp"),
    // Greek: a capital is read by its own shape, not by its small letter's.
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳ", "abezhikmnoptyxcj"),
    ("αβεικνορτυχωη", "abeikvoptuxwn"),
    // Latin letters that do not decompose.
    ("øłđħŧıȷɑɡƅɩʋʌɐɛɔƽ", "oldhtijagbivvaeo5"),
    ("ɓƀɗɖƒɠǥɦɨƙƚɫɭɱɲɳƞƥɋɾɽʂƭʈʉƶȥʐⱳƴɏ", "bbddfgghikl1lmnnnpqrrsttuzzzwyy"),
    // Small capitals.
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz"),
    // Cherokee and Lisu capitals.
    ("ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ", "abcdeghijklmprstvwz"),
    ("ꓐꓚꓓꓖꓗꓙꓠꓡꓢꓣꓤꓦꓧꓪꓫꓬꓮꓰꓲꓳꓟꓔꓜ", "bcdgkjnlsrrvhwxyaeiomtz"),
    // Circled and negative digits.
    ("⓿❶❷❸❹❺❻❼❽❾➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒🄋🄌", "012345678912345678912345678900"),
    ("⓵⓶⓷⓸⓹⓺⓻⓼⓽", "123456789"),
    // Suzhou numerals.
    ("〡〢〣〤〥〦〧〨〩", "123456789"),
];

/// Runs of letters a–z in order: the disguise of `a`, how many follow.
pub(super) const RUNS: &[(char, u32)] = &[
    ('🅐', 26), // negative circled
    ('🅰', 26), // negative squared
    ('🇦', 26), // regional indicators
];

/// The zeros of scripts whose digits are no disguise of ours until they stand for ours: nine more follow each (Unicode, general category Nd).
pub(super) const ZEROS: &[char] = &[
    '\u{660}',
    '\u{6F0}',
    '\u{7C0}',
    '\u{966}',
    '\u{9E6}',
    '\u{A66}',
    '\u{AE6}',
    '\u{B66}',
    '\u{BE6}',
    '\u{C66}',
    '\u{CE6}',
    '\u{D66}',
    '\u{DE6}',
    '\u{E50}',
    '\u{ED0}',
    '\u{F20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17E0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19D0}',
    '\u{1A80}',
    '\u{1A90}',
    '\u{1B50}',
    '\u{1BB0}',
    '\u{1C40}',
    '\u{1C50}',
    '\u{A620}',
    '\u{A8D0}',
    '\u{A900}',
    '\u{A9D0}',
    '\u{A9F0}',
    '\u{AA50}',
    '\u{ABF0}',
    '\u{104A0}',
    '\u{11066}',
    '\u{16A60}',
    '\u{1E140}',
    '\u{1E950}',
];

/// Numbers in one character, which stand for two.
pub(super) const NUMBERS: &[(char, &str)] = &[
    ('❿', "10"),
    ('➉', "10"),
    ('➓', "10"),
    ('⓾', "10"),
    ('🔟', "10"),
    ('⓫', "11"),
    ('⓬', "12"),
    ('⓭', "13"),
    ('⓮', "14"),
    ('⓯', "15"),
    ('⓰', "16"),
    ('⓱', "17"),
    ('⓲', "18"),
    ('⓳', "19"),
    ('⓴', "20"),
];

/// Letters that stand for two.
pub(super) const LIGATURES: &[(char, &str)] =
    &[('æ', "ae"), ('œ', "oe"), ('ß', "ss"), ('ꜩ', "tz"), ('ȸ', "db"), ('ȹ', "qp")];
