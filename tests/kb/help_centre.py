"""A small help centre of a made-up product, for tests of retrieval."""

ARTICLES = {
    "invoice": (
        "How do I read my invoice?",
        "1. Open Settings > Billing.\n2. Choose the invoice.\n\n## What the lines mean\n\n"
        "Each line is one seat for one month. Taxes are listed at the end.\n\n"
        "## What this does NOT cover\n\n- Refunds for annual plans\n- Purchases made through the App Store\n",
    ),
    "payment": (
        "How do I change my payment method?",
        "1. Open Settings > Billing.\n2. Choose **Payment method**.\n3. Enter the new card and save.\n\n"
        "## Failed payments\n\nWe retry a declined card three times over seven days.\n\n"
        "## Not covered\n\n* Paying by bank transfer or purchase order\n",
    ),
    "2fa": (
        "How do I set up two-factor authentication (2FA)?",
        "1. Open Security.\n2. Scan the QR code with your authenticator app.\n\n"
        "## Lost phone\n\nUse one of your backup codes.\n\n"
        "## What this does not cover\n\n- Resetting two-factor authentication for another person\n",
    ),
    "password": (
        "How do I reset my password?",
        "1. Choose **Forgot password** on the login page.\n2. Open the link in the e-mail.\n\n"
        "## No e-mail arrives\n\nCheck your spam folder.\n",
    ),
    "invite": (
        "How do I invite a team member?",
        "1. Open Members.\n2. Enter the e-mail address and choose a role.\n\n"
        "## Roles\n\nAdmins can manage billing; members can edit projects.\n",
    ),
    "export": (
        "How do I export my data?",
        "1. Open Settings > Data.\n2. Choose CSV or JSON.\n3. We send a link when the export is ready.\n\n"
        "## Out of scope\n\n- Exporting deleted projects\n",
    ),
    "slack": ("How do I connect Slack?", "1. Open Integrations.\n2. Choose Slack and allow access.\n"),
    "api": (
        "How do I create an API key?",
        "1. Open Developer settings.\n2. Choose New key.\n\n## Rate limits\n\n100 requests per minute.\n",
    ),
    "sso": (
        "How do I set up single sign-on (SSO)?",
        "1. Open Security > SSO.\n2. Paste the metadata URL of your identity provider.\n",
    ),
    "name": ("How do I change my display name?", "1. Open Profile.\n2. Edit the name and save.\n"),
}
