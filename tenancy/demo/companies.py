"""Names of the demonstration accounts, all invented, with the number of the parent account."""

COMPANIES: tuple[tuple[str | None, int | None], ...] = (
    ("Varnholt Holding", None),  # 1
    ("Varnholt Print", 1),
    ("Varnholt Print West", 2),
    ("Varnholt Print West, Night Shift", 3),
    ("Varnholt Logistics", 1),
    ("Tessaly Schools Trust", None),  # 6
    ("Tessaly Primary", 6),
    ("Tessaly Music Academy", 6),
    ("Ångström Optik", None),  # 9
    ("Angstrom Optik", None),
    ("ÅNGSTRÖM OPTIK", None),
    ("Café Perrault", None),  # 12
    ("Cafe Perrault", None),
    ("Cafe\u0301 Perrault", None),  # with a combining accent
    ("Quillmere Legal", None),  # 15
    ("QUILLMERE LEGAL", None),
    ("quillmere legal", None),
    ("Quillmere Legal", None),
    ('Jasper "Jay" Oduya Studio', None),  # 19
    ("O'Fallon's Pantry", None),
    ("Drive D:\\ Recovery", None),  # 21
    ("100% Linen House", None),
    ("under_score Systems", None),
    ("underXscore Systems", None),
    ("Sunrise Oven 🌅", None),  # 25
    ("東京 Stationers", None),
    ("<Tagline> & Daughters", None),
    (None, None),  # 28
    (None, 1),
    (None, None),
    ("Ostrava Glassworks Collective", None),  # 31
    ("Žitná Mill", None),
    ("Brindlewick Library", None),
    ("Castellmoor Town Hall", None),
    ("Castellmoor Fire Service", 34),
    ("Castellmoor Swimming Baths", 34),
    ("Ferrowick Foundry", None),  # 37
    ("Ferrowick Foundry Canteen", 37),
    ("Halloran & Petit Architects", None),
    ("Ilmarine Shipping", None),
    ("Ilmarine Shipping Agency South", 40),
    ("Juniper Gate Clinic", None),
    ("Kestrelby Veterinary", None),
    ("Lumenfold Lighting", None),
    ("Marrowstone Cycles", None),
    ("Niederwald Forestry", None),
    ("Orrinsdale Dairy", None),
    ("Pemberlyn Hotel", None),
    ("Pemberlyn Hotel Annexe", 48),
    ("Rosquille Bakery", None),
    ("Saltmarsh Theatre", None),
    ("Thistlecombe Nursery", None),
    ("Ubrique Saddlery Guild", None),
    ("Velloso Cerâmica", None),
    ("Wexcombe Observatory", None),
    ("Xylander Acoustics", None),
    ("Yarrowfield Farm Shop", None),
    ("Zephyrine Ballooning", None),
    ("Abernook Antiques", None),
    (("Association of the Friends of the Slow Reading of Very Long Letters, Founded in Memory of "
      "a Postmaster Who Never Lost One, Registered Branch for the Northern and Middle Provinces"),
     None),
    ("Bellweather Kites", None),
    ("Crannoch Distillery", None),
)  # fmt: skip

DELETED = frozenset({5, 34, 51, 59})
"""Numbers of deleted accounts, in every tenant; 34 has child accounts that are not deleted."""
