"""The people of the demo story who can be signed in as."""

PASSWORD = "portal-demo"  # noqa: S105  public: the demo refuses to run in production
PERSONAS = {
    "maya@portal.test": "client, evening track, works 9 to 5, week five",
    "theo@portal.test": "client, day track, first week",
    "rosa@portal.test": "Maya's sister; may join family therapy, sees what Maya shares",
    "amara@portal.test": "clinician, primary counsellor of Maya and Theo",
    "lena@portal.test": "clinician, on neither's care team",
    "sam@portal.test": "alum, graduated four months ago",
    "office@portal.test": "admin of the program",
}
