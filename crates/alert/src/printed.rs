use crate::{Alert, Severity};

/// The alert as it is printed in a terminal or sent as plain text, without a final line break.
///
/// A headline, a rule, the facts, then `Action:` and `Evidence:`.
pub fn printed(alert: &Alert) -> String {
    let finding = &alert.finding;
    let heading = match finding.severity {
        Severity::Critical => "🚨 ALERT",
        // The sign is one column wide in most terminals and drawn over two.
        Severity::Warning => "⚠️  WARNING",
        Severity::Info => "🔍 INSIGHT",
    };
    let rule = "─".repeat(RULE_WIDTH);
    format!(
        "{heading}: {}\n{rule}\n{}\nAction: {}\nEvidence: {}",
        finding.title, finding.message, finding.action, finding.evidence.summary
    )
}

const RULE_WIDTH: usize = 37;
