//! Configurations that nobody means.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), name in "TEAMD_[A-Z_]{0,12}", value in any::<String>()) {
        let _ = with_env(&text, &[(&name, &value)]);
    }

    #[test]
    fn no_toml_panics(
        section in "server|aws|activity|identity|protected|limits|drift|backstop|notify|oncall|[a-z]{1,6}",
        key in "socket|socket_mode|region|regions|max_in_flight|match|template|map|accounts|action|[a-z_\"]{1,8}",
        value in "true|-?[0-9]{1,20}|[0-9]\\.[0-9]e[0-9]{1,3}|\"[^\"\\n]{0,12}\"|\\[[0-9\",a-z]{0,9}\\]|\\{ [a-z] = .{0,4} \\}|1979-05-27",
    ) {
        let text = format!("[{section}]\n{key} = {value}\n");
        if let Err(errors) = parse(&text) {
            for error in errors.as_slice() {
                let in_file = matches!(&error.origin, Origin::File { line: 1..=3, column: 1.., .. });
                prop_assert!(in_file, "{error}");
            }
        }
    }
}
