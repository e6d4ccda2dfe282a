"""The standards that rules cite: those of the HIPAA Security Rule, and the principles of PIPEDA."""

from __future__ import annotations

from .rule import Rule

SAFEGUARDS = {
    "HIPAA 164.308(a)(1)": "Security management process",
    "HIPAA 164.308(a)(2)": "Assigned security responsibility",
    "HIPAA 164.308(a)(3)": "Workforce security",
    "HIPAA 164.308(a)(4)": "Information access management",
    "HIPAA 164.308(a)(5)": "Security awareness and training",
    "HIPAA 164.308(a)(6)": "Security incident procedures",
    "HIPAA 164.308(a)(7)": "Contingency plan",
    "HIPAA 164.308(a)(8)": "Evaluation",
    "HIPAA 164.308(b)": "Business associate contracts",
    "HIPAA 164.310(a)": "Facility access controls",
    "HIPAA 164.310(b)": "Workstation use",
    "HIPAA 164.310(c)": "Workstation security",
    "HIPAA 164.310(d)": "Device and media controls",
    "HIPAA 164.312(a)": "Access control",
    "HIPAA 164.312(b)": "Audit controls",
    "HIPAA 164.312(c)": "Integrity",
    "HIPAA 164.312(d)": "Person or entity authentication",
    "HIPAA 164.312(e)": "Transmission security",
    "HIPAA 164.314": "Organizational requirements",
    "HIPAA 164.316": "Policies, procedures and documentation",
    "PIPEDA 4.1": "Accountability",
    "PIPEDA 4.2": "Identifying purposes",
    "PIPEDA 4.3": "Consent",
    "PIPEDA 4.4": "Limiting collection",
    "PIPEDA 4.5": "Limiting use, disclosure and retention",
    "PIPEDA 4.6": "Accuracy",
    "PIPEDA 4.7": "Safeguards",
    "PIPEDA 4.8": "Openness",
    "PIPEDA 4.9": "Individual access",
    "PIPEDA 4.10": "Challenging compliance",
}
"""Standards of the Security Rule and principles of PIPEDA's Schedule 1: the whole of each list, built for or not."""


def standards(rule: Rule) -> list[str]:
    """The standards a rule's citations belong to; a citation that belongs to none stands for itself."""
    cited = [*(f"HIPAA {text}" for text in rule.hipaa), *(f"PIPEDA {clause}" for clause in rule.pipeda)]
    return list(dict.fromkeys(map(standard, cited)))


def standard(cited: str) -> str:
    """The standard that `HIPAA 164.312(a)(2)(iv)` or `PIPEDA 4.7.3` belongs to; else the citation itself."""
    for name in SAFEGUARDS:
        if cited.startswith(name) and not cited[len(name) :][:1].isdigit():
            return name
    return cited
