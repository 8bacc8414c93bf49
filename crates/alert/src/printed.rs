use crate::{Alert, Severity};

/// The alert as it is printed in a terminal or sent as plain text, without a final line break.
///
/// A headline, a rule, the facts, then `Context:` where there is one, `Action:` and `Evidence:`.
pub fn printed(alert: &Alert) -> String {
    let finding = &alert.finding;
    let heading = match finding.severity {
        Severity::Critical => "🚨 ALERT",
        // The sign is one column wide in most terminals and drawn over two.
        Severity::Warning => "⚠️  WARNING",
        Severity::Info => "🔍 INSIGHT",
    };
    let rule = "─".repeat(RULE_WIDTH);
    let context = finding.context.as_ref().map(|context| format!("Context: {context}\n"));
    format!(
        "{heading}: {}\n{rule}\n{}\n{}Action: {}\nEvidence: {}",
        finding.title,
        finding.message,
        context.unwrap_or_default(),
        finding.action,
        finding.evidence.summary
    )
}

const RULE_WIDTH: usize = 37;
