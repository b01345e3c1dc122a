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
];

/// Runs of letters a–z in order: the disguise of `a`, how many follow.
pub(super) const RUNS: &[(char, u32)] = &[
    ('🅐', 26), // negative circled
    ('🅰', 26), // negative squared
    ('🇦', 26), // regional indicators
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
