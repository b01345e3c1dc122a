//! The shipped configuration, as it is carried in the binary. A test keeps the list true to the folders.

/// Every file of `config/` and `wordlists/`: its path in the repository and its text.
pub static SHIPPED: &[(&str, &str)] = &[
    ("config/groups.toml", include_str!("../../config/groups.toml")),
    ("config/notices.toml", include_str!("../../config/notices.toml")),
    ("config/qunwei.toml", include_str!("../../config/qunwei.toml")),
    ("config/rules/abuse.toml", include_str!("../../config/rules/abuse.toml")),
    ("config/rules/ads.toml", include_str!("../../config/rules/ads.toml")),
    ("config/rules/combination.toml", include_str!("../../config/rules/combination.toml")),
    ("config/rules/flood.toml", include_str!("../../config/rules/flood.toml")),
    ("config/rules/fraud.toml", include_str!("../../config/rules/fraud.toml")),
    ("config/rules/gambling.toml", include_str!("../../config/rules/gambling.toml")),
    ("config/rules/links.toml", include_str!("../../config/rules/links.toml")),
    ("config/rules/media.toml", include_str!("../../config/rules/media.toml")),
    ("config/rules/mentions.toml", include_str!("../../config/rules/mentions.toml")),
    ("config/rules/names.toml", include_str!("../../config/rules/names.toml")),
    ("config/rules/newcomers.toml", include_str!("../../config/rules/newcomers.toml")),
    ("config/rules/politics.toml", include_str!("../../config/rules/politics.toml")),
    ("config/rules/porn.toml", include_str!("../../config/rules/porn.toml")),
    ("config/rules/pushing.toml", include_str!("../../config/rules/pushing.toml")),
    ("config/rules/quiet_hours.toml", include_str!("../../config/rules/quiet_hours.toml")),
    ("wordlists/abuse.txt", include_str!("../../wordlists/abuse.txt")),
    ("wordlists/ads.txt", include_str!("../../wordlists/ads.txt")),
    ("wordlists/fraud.txt", include_str!("../../wordlists/fraud.txt")),
    ("wordlists/gambling.txt", include_str!("../../wordlists/gambling.txt")),
    ("wordlists/politics.txt", include_str!("../../wordlists/politics.txt")),
    ("wordlists/porn.txt", include_str!("../../wordlists/porn.txt")),
];
