"""Words of the demonstration's texts; Python and Postgres case-fold them identically."""

CITIES = (
    ("Utrecht", "NL"), ("Groningen", "NL"), ("Malmö", "SE"), ("Göteborg", "SE"), ("Umeå", "SE"),
    ("Köln", "DE"), ("Nürnberg", "DE"), ("Lübeck", "DE"), ("Orléans", "FR"), ("Besançon", "FR"),
    ("Nîmes", "FR"), ("Málaga", "ES"), ("Logroño", "ES"), ("Évora", "PT"), ("Setúbal", "PT"),
    ("Brno", "CZ"), ("Plzeň", "CZ"), ("Győr", "HU"), ("Szeged", "HU"), ("Cork", "IE"),
    ("Leeds", "GB"), ("Dundee", "GB"), ("Boise", "US"), ("Tulsa", "US"), ("Kobe", "JP"),
    ("Sendai", "JP"), ("Hawalli", "KW"), ("Salmiya", "KW"), ("Québec", "CA"), ("Zürich", "CH"),
)  # fmt: skip

INDUSTRIES = (
    "Education", "Public services", "Health care", "Retail", "Printing", "Law", "Logistics",
    "Hospitality", "Software", "Architecture", "Optics", "Café and catering",
)  # fmt: skip

SEGMENTS = ("Small", "Middle", "Large", "Public", "Privé", "")

TIERS = ("Gold", "Silver", "Bronze", "gold", "Première", "Tier 1 & 2", "100%", "")

SEATS = (0, -4, 1, 8, 8, 25, 40, 40, 120, 2.5, 1_000_000)

SUBJECTS = (
    "Standing desks", "Meeting room chairs", "Copy paper", "Toner cartridges", "Label printers",
    "Archive boxes", "Acoustic panels", "Whiteboards", "Mailroom shelving", "Reception furniture",
    "Task lamps", "Shredders", "Canteen crockery", "Coffee beans", "Protocol binders",
    "Laptop docks", "Cable trays", "Phone booths", "Locker walls", "Workshop benches",
    "Écran mounts", "Fountain pens", "Envelopes", "Cleaning service", "Plant rental",
)  # fmt: skip

OCCASIONS = (
    "second floor", "new branch", "frame agreement", "replacement", "school year", "pilot",
    "head office", "phase 2", "spring order", "refit", "home offices", "yearly call-off",
    "warehouse move", "atelier", "façade building", "trial batch", "fair stand", "reading room",
)  # fmt: skip

ODD_OPPORTUNITIES = (
    "Copy paper, frame agreement", "COPY PAPER, FRAME AGREEMENT", "copy paper, frame agreement",
    "Copy paper, frame agreement", "Ecran mounts, pilot", "Écran mounts, pilot",
    "E\u0301cran mounts, pilot", 'The "quiet" room', "O'Dowd's corner", "Share \\\\files\\desk",
    "100% cotton paper", "5%_off", "a_b", "axb", "Sunrise kit 🌅", "  padded  ", "東京 pilot",
    "שלום lobby", "<b>Bold</b> & {curly}", "Zero", "zero", "Zéro", "10 chairs", "9 chairs", "-",
)  # fmt: skip
"""Names that are difficult for filters, sort orders and escaping; two are equal."""

NOTES = (
    "Asked for a sample first", "Budget is confirmed", "Wants delivery before the holidays",
    "Compares us with two others", "Decides with the works council", "Call again next quarter",
    "Prefers recycled material", "Freight is to be included", "Présentation went well",
    "First line\nSecond line\tafter a tab", "Answered \"yes\", then 'perhaps'", "Path C:\\offers\\new",
    "Discount of 12% was mentioned", "snake_case in the order form", "Great mood 🎉",
    "Ends </script> here\u2028and there",
)  # fmt: skip

FIRST_NAMES = (
    "Anna", "Bram", "Chloé", "Dirk", "Elif", "Fenna", "Göran", "Hanne", "Ivo", "Jolanta", "Karim",
    "Lucía", "Mats", "Nour", "Östen", "Paloma", "Quinten", "Rosa", "Sören", "Truus", "Ursula",
)  # fmt: skip

INFIXES = (None, None, None, "van der", "de", "af", "von")

LAST_NAMES = (
    "Berg", "Åkesson", "Çelik", "Dupré", "Eriksson", "Fontein", "Groot", "Hallström", "IJzerman",
    "Jansen", "Kowalczyk", "Lindgren", "Müller", "Nilsson", "O'Shea", "Peeters", "Quist", "Öberg",
    "berg", "BERG", "Sanchez", "Sánchez", "Tromp", "Unger", "Vos", "de Wit", "Zielińska",
)  # fmt: skip

DEPARTMENTS = ("Purchasing", "Finance", "Facility", "Direction", "Réception", None)

FUNCTIONS = ("Buyer", "Controller", "Director", "Secretary", "Caretaker", "Conseiller", None)

PARTS = ("Decision maker", "Adviser", "User", "Gatekeeper", "Payer")

CONCERNS = (
    "Desk arrived with a scratch", "Invoice names the wrong office", "When will the chairs come?",
    "Printer counts twice", "Wants another delivery day", "Écran mount does not fit",
    "Asks for a spare key", "Order was short by two boxes", "Complains about the courier",
)  # fmt: skip

ERRANDS = (
    "Called back", "Sent the registry", "Visit on site", "Prepared the offer", "Coffee",
    "Asked after the payment", "Took the measures", "Présentation", "Filed the papers",
)  # fmt: skip
