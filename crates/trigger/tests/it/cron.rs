use trigger::Cron;

#[test]
fn lines_and_when_they_are_due() {
    // line, (minute, hour, day, month, weekday), due
    let rows = [
        ("* * * * *", (0, 0, 1, 1, 0), true),
        ("30 5 * * *", (30, 5, 12, 6, 3), true),
        ("30 5 * * *", (31, 5, 12, 6, 3), false),
        ("*/15 * * * *", (45, 1, 1, 1, 1), true),
        ("*/15 * * * *", (50, 1, 1, 1, 1), false),
        ("20/15 * * * *", (35, 1, 1, 1, 1), true),
        ("0 4-6 * * *", (0, 6, 1, 1, 1), true),
        ("0 4-6 * * *", (0, 7, 1, 1, 1), false),
        ("2,10 4,5 * * *", (10, 5, 1, 1, 1), true),
        ("0 0 * jan-mar *", (0, 0, 1, 2, 1), true),
        ("0 0 * * MON-FRI", (0, 0, 1, 2, 0), false),
        ("0 0 * * MON-FRI", (0, 0, 1, 2, 5), true),
        // Either day is enough when both are given.
        ("0 0 13 * 5", (0, 0, 13, 1, 1), true),
        ("0 0 13 * 5", (0, 0, 12, 1, 5), true),
        ("0 0 13 * 5", (0, 0, 12, 1, 1), false),
    ];
    for (line, (minute, hour, day, month, weekday), due) in rows {
        let cron = Cron::parse(line).unwrap_or_else(|errors| panic!("{line}: {errors:?}"));
        assert_eq!(cron.due(minute, hour, day, month, weekday), due, "{line}");
    }
}

#[test]
fn errors_name_their_field() {
    let rows: &[(&str, usize, &str)] = &[
        ("@daily", 0, "write five fields"),
        ("* * * *", 0, "found 4"),
        ("* * * * * *", 0, "found 6"),
        ("60 * * * *", 0, "outside the range of the minute"),
        ("* 24 * * *", 2, "outside the range of the hour"),
        ("* * 0 * *", 4, "day of the month"),
        ("* * * 13 *", 6, "month"),
        ("* * * * 7", 8, "day of the week"),
        ("*/0 * * * *", 0, "never ends"),
        ("5-1 * * * *", 0, "wrong way round"),
        ("x * * * *", 0, "is no minute"),
        ("1,,2 * * * *", 0, "is no minute"),
    ];
    for (line, offset, message) in rows {
        let errors = Cron::parse(line).expect_err(line);
        assert_eq!(errors[0].offset, *offset, "{line}");
        assert!(
            errors[0].message.contains(message),
            "{line}: {}",
            errors[0].message
        );
    }
}

#[test]
fn the_shortest_interval() {
    let rows = [
        ("* * * * *", 1),
        ("*/5 * * * *", 5),
        ("0 * * * *", 60),
        ("58,2 * * * *", 4),
        ("58,2 3 * * *", 56),
    ];
    for (line, minutes) in rows {
        assert_eq!(
            Cron::parse(line).expect(line).shortest_interval(),
            minutes,
            "{line}"
        );
    }
}
