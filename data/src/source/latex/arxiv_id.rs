//! Identifiers of papers in file names: `2101/2101.00001.gz`, `9901/hep-th9901001.gz`
//! (<https://info.arxiv.org/help/arxiv_identifier.html>).

/// The archives of the old scheme, which stand before the number.
const ARCHIVES: [&str; 39] = [
    "acc-phys", "adap-org", "alg-geom", "ao-sci", "astro-ph", "atom-ph", "bayes-an", "chao-dyn",
    "chem-ph", "cmp-lg", "comp-gas", "cond-mat", "cs", "dg-ga", "funct-an", "gr-qc", "hep-ex",
    "hep-lat", "hep-ph", "hep-th", "math", "math-ph", "mtrl-th", "nlin", "nucl-ex", "nucl-th",
    "patt-sol", "physics", "plasm-ph", "q-alg", "q-bio", "quant-ph", "solv-int", "supr-con",
    "econ", "eess", "q-fin", "stat", "test",
];

/// Endings of files that may stand behind an identifier.
const ENDINGS: [&str; 8] = [
    ".gz", ".tgz", ".tar", ".tex", ".pdf", ".ps", ".html", ".txt",
];

/// The identifier that the last part of a path is, if it is one: `hep-th/9901001`.
pub(super) fn of_path(path: &str) -> Option<String> {
    let mut parts = path.rsplit('/');
    let mut name = parts.next()?;
    while let Some(shorter) = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)) {
        name = shorter;
    }
    of_name(name, parts.next())
}

/// The identifier that any part of a path is, the outermost first: the paper a file belongs to.
pub(super) fn of_any_part(path: &str) -> Option<String> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.chain([path.len()])
        .find_map(|end| of_path(&path[..end]))
}

fn of_name(name: &str, folder: Option<&str>) -> Option<String> {
    let digits = |text: &str, count: std::ops::RangeInclusive<usize>| {
        count.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let bare = match name.rsplit_once('v') {
        Some((bare, version)) if digits(version, 1..=3) => bare,
        _ => name,
    };
    if let Some((month, number)) = bare.split_once('.')
        && digits(month, 4..=4)
        && digits(number, 4..=5)
        && is_month(&month[2..])
    {
        return Some(bare.to_owned());
    }
    let (archive, number) = bare.split_at_checked(bare.len().checked_sub(7)?)?;
    if !digits(number, 7..=7) || !is_month(&number[2..4]) {
        return None;
    }
    let archive = match archive {
        "" => folder?,
        archive => archive,
    };
    // `math.GT0309136` names a class of the archive, which is no part of the address.
    let archive = archive.split('.').next().unwrap_or_default();
    ARCHIVES
        .contains(&archive)
        .then(|| format!("{archive}/{number}"))
}

fn is_month(digits: &str) -> bool {
    digits
        .parse::<u32>()
        .is_ok_and(|month| (1..=12).contains(&month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_told_from_other_names() {
        for (path, want) in [
            ("2101/2101.00001.gz", Some("2101.00001")),
            ("0704.0001v2.tar.gz", Some("0704.0001")),
            ("9901/hep-th9901001.gz", Some("hep-th/9901001")),
            ("hep-th/9901001v1.pdf", Some("hep-th/9901001")),
            ("math.GT0309136.tex", Some("math/0309136")),
            ("2113.00001.gz", None),
            ("paper9901001.gz", None),
            ("main.tex", None),
            ("9901001", None),
            ("é0101001", None),
            ("", None),
        ] {
            assert_eq!(of_path(path).as_deref(), want, "{path}");
        }
        assert_eq!(
            of_any_part("papers/2101.00001/sec/a.tex").as_deref(),
            Some("2101.00001")
        );
        assert_eq!(of_any_part("a/b.tex"), None);
    }
}
